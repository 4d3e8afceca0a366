//! Who runs us: user, machine, pod.

use std::env;

use migrascope::event::{Command, Operator, RunContext};

/// A new run's identity, its trace left open.
pub(crate) fn of(command: Command, target: Option<String>) -> RunContext {
    RunContext { target, operator: operator(), ..RunContext::new(command) }
}

/// Whether we run inside a Kubernetes cluster.
pub(crate) fn in_cluster() -> bool {
    env::var_os("KUBERNETES_SERVICE_HOST").is_some_and(|host| !host.is_empty())
}

fn operator() -> Operator {
    let host = whoami::hostname().ok();
    let named = env::var("POD_NAME").ok().filter(|name| !name.is_empty());
    let pod = named.or_else(|| host.clone().filter(|_| in_cluster()));
    Operator { user: whoami::username().ok(), host, pod }
}
