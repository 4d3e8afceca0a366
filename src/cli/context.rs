//! The operator of a run: user, host, pod.

use std::env;

use migrascope::event::{Operator, RunContext};

/// The context of a new run, without a trace.
pub(crate) fn of(target: Option<String>) -> RunContext {
    RunContext { target, operator: operator(), ..RunContext::new() }
}

/// Whether the process runs in a Kubernetes cluster.
pub(crate) fn in_cluster() -> bool {
    env::var_os("KUBERNETES_SERVICE_HOST").is_some_and(|host| !host.is_empty())
}

fn operator() -> Operator {
    let host = whoami::hostname().ok();
    let named = env::var("POD_NAME").ok().filter(|name| !name.is_empty());
    let pod = named.or_else(|| host.clone().filter(|_| in_cluster()));
    Operator { user: whoami::username().ok(), host, pod }
}
