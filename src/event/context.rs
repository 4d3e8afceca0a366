//! The identity of a run: explicit data, never global state.

use crate::database::ServerInfo;

/// The command of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Command {
    /// Apply pending migrations.
    Up,
    /// Revert.
    Down,
    /// Run only the health checks.
    Health,
    /// Change the history at a user's request, or resume a migration that was left half-way.
    Repair,
    /// Record migrations as applied in a database that has no history yet.
    Baseline,
    /// Wait until another run has applied the pending migrations.
    Wait,
    /// At the start of an application: apply pending migrations if the policy says so.
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
    /// The operating system's user.
    pub user: Option<String>,
    /// The host name.
    pub host: Option<String>,
    /// The Kubernetes pod, from `POD_NAME` or the host name inside a cluster.
    pub pod: Option<String>,
}

/// The trace that a run belongs to; W3C Trace Context level 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceIdentity {
    /// 16 bytes, not all zero.
    pub trace_id: [u8; 16],
    /// The span that started this process.
    pub parent: Option<RemoteParent>,
}

impl TraceIdentity {
    /// The trace id as 32 hexadecimal digits.
    #[must_use]
    pub fn trace_id_hex(&self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.trace_id))
    }
}

/// A remote span: the caller's, from `TRACEPARENT` and `TRACESTATE`, or the one that is passed to a child process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteParent {
    /// The trace that it belongs to. The run joins the caller's trace, unless that was not sampled; then the run links to it.
    pub trace_id: [u8; 16],
    /// 8 bytes, not all zero.
    pub span_id: [u8; 8],
    /// Whether its trace is recorded.
    pub sampled: bool,
    /// `TRACESTATE`, empty when there was none.
    pub state: String,
}

/// One member of the caller's `BAGGAGE`. It is untrusted, so it is only passed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its key.
    pub key: String,
    /// Its value, decoded.
    pub value: String,
    /// The properties after the value's semicolon, unchanged.
    pub properties: String,
}

/// The identity of a run: explicit data, never global state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunContext {
    /// A UUID version 7, so that runs sort by time.
    pub run_id: String,
    /// The logical name of the database in metrics; the database's own name when `None`.
    pub target: Option<String>,
    /// The trace, where there is one.
    pub trace: Option<TraceIdentity>,
    /// The caller's `BAGGAGE`, for child processes.
    pub baggage: Vec<Member>,
    /// Who started it.
    pub operator: Operator,
    /// The version of this program.
    pub tool_version: &'static str,
}

impl Default for RunContext {
    fn default() -> Self {
        Self::new()
    }
}

impl RunContext {
    /// The target's name in metrics: its own, or else that of the database.
    #[must_use]
    pub fn target<'a>(&'a self, database: &'a ServerInfo) -> &'a str {
        self.target.as_deref().unwrap_or(&database.database)
    }

    /// A new identity without target, trace and operator.
    #[must_use]
    pub fn new() -> Self {
        Self {
            run_id: uuid::Uuid::now_v7().to_string(),
            target: None,
            trace: None,
            baggage: Vec::new(),
            operator: Operator::default(),
            tool_version: env!("CARGO_PKG_VERSION"),
        }
    }
}
