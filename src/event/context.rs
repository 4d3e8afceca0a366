//! Who a run is: data, never ambient.

/// What the run was asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Command {
    /// Apply what is pending.
    Up,
    /// Revert.
    Down,
    /// Make the health checks and nothing else.
    Health,
    /// Change history as a person asks for, or go on with what was left half-way.
    Repair,
    /// Record migrations as applied in a database that has no history yet.
    Baseline,
    /// Wait until somebody else has applied what is pending.
    Wait,
    /// At the start of an application: apply what is pending, or not, as a policy says.
    Exec,
}

impl Command {
    /// `up`, `down`, `health`, `repair`, `baseline`, `wait` or `exec`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Health => "health",
            Self::Repair => "repair",
            Self::Baseline => "baseline",
            Self::Wait => "wait",
            Self::Exec => "exec",
        }
    }
}

/// Who started the run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Operator {
    /// The system's user.
    pub user: Option<String>,
    /// The machine's name.
    pub host: Option<String>,
    /// The Kubernetes pod, from `POD_NAME` or the host name inside a cluster.
    pub pod: Option<String>,
}

/// The trace that a run belongs to; W3C Trace Context level 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceIdentity {
    /// 16 bytes, not all zero.
    pub trace_id: [u8; 16],
    /// The span that started us.
    pub parent: Option<RemoteParent>,
}

impl TraceIdentity {
    /// The trace id as 32 hexadecimal digits.
    #[must_use]
    pub fn trace_id_hex(&self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.trace_id))
    }
}

/// A span in another process: the caller's, from `TRACEPARENT` and `TRACESTATE`, or ours, as a process that we start sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteParent {
    /// The trace it belongs to. The caller's is ours too, unless it was not sampled; then we link to it.
    pub trace_id: [u8; 16],
    /// 8 bytes, not all zero.
    pub span_id: [u8; 8],
    /// Whether its trace is recorded.
    pub sampled: bool,
    /// `TRACESTATE`, empty when there was none.
    pub state: String,
}

/// One member of the caller's `BAGGAGE`; untrusted, so it is handed on and used for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its key.
    pub key: String,
    /// Its value, decoded.
    pub value: String,
    /// What stands behind the value's semicolon, as it came.
    pub properties: String,
}

/// A run's identity: data, never ambient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunContext {
    /// A UUID version 7, so that runs sort by time.
    pub run_id: String,
    /// What was asked for.
    pub command: Command,
    /// The logical name of the database in metrics; its own name when `None`.
    pub target: Option<String>,
    /// The trace, where there is one.
    pub trace: Option<TraceIdentity>,
    /// The caller's `BAGGAGE`, for processes that we start ourselves.
    pub baggage: Vec<Member>,
    /// Who started it.
    pub operator: Operator,
    /// Our own version.
    pub tool_version: &'static str,
}

impl RunContext {
    /// A new identity without target, trace and operator.
    #[must_use]
    pub fn new(command: Command) -> Self {
        Self {
            run_id: uuid::Uuid::now_v7().to_string(),
            command,
            target: None,
            trace: None,
            baggage: Vec::new(),
            operator: Operator::default(),
            tool_version: env!("CARGO_PKG_VERSION"),
        }
    }
}
