//! The `OTEL_*` variables that say what is sent, where to and how. Empty is unset; what is not understood is a problem
//! with its name.

mod batch;
mod endpoint;
mod exporter;
mod headers;
mod percent;
mod signal;
mod trust;

pub(super) use self::batch::Pace;
pub(super) use self::endpoint::{Compression, Endpoint, Protocol};
pub(super) use self::headers::take_credentials;
pub(super) use self::percent::decoded;
pub(super) use self::signal::Signal;
pub(super) use self::trust::{Trust, authorities_are_files, roots_in};

/// Looks an environment variable up.
pub(crate) type Lookup<'e> = &'e dyn Fn(&str) -> Option<String>;

/// What the variables say.
#[derive(Debug, Default)]
pub(super) struct Environment {
    /// Where each signal goes that is wanted and can be sent, with its pace.
    pub(super) wanted: Vec<(Endpoint, Pace)>,
    /// What stops a signal, or what stands there in vain, each with the variable's name.
    pub(super) problems: Vec<String>,
    /// What is worth a word but no failure.
    pub(super) notes: Vec<String>,
}

impl Environment {
    pub(super) fn read(variables: Lookup<'_>) -> Self {
        let mut reader = Reader { variables, problems: Vec::new(), notes: Vec::new() };
        let wanted = if disabled(variables) { Vec::new() } else { reader.signals() };
        // What is said of all signals is found once for each of them.
        let (problems, notes) = (once(reader.problems), once(reader.notes));
        Self { wanted, problems, notes }
    }

    /// Takes the destination of one signal out.
    pub(super) fn take(&mut self, signal: Signal) -> Option<(Endpoint, Pace)> {
        let at = self.wanted.iter().position(|(endpoint, _)| endpoint.signal == signal)?;
        Some(self.wanted.swap_remove(at))
    }
}

/// A variable's value; an empty one counts as unset.
pub(super) fn get(variables: Lookup<'_>, name: &str) -> Option<String> {
    variables(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// What of the caller's context is taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Propagated {
    pub(super) trace: bool,
    pub(super) baggage: bool,
}

/// What of the caller's context is taken over, and what of `OTEL_PROPAGATORS` is not understood.
pub(super) fn propagated(variables: Lookup<'_>) -> (Propagated, Option<String>) {
    let Some(list) = get(variables, "OTEL_PROPAGATORS") else {
        return (Propagated { trace: true, baggage: true }, None);
    };
    let unknown: Vec<&str> = words(&list).filter(|word| !["tracecontext", "baggage", "none"].contains(word)).collect();
    let note =
        format!("OTEL_PROPAGATORS: {} not supported, known are tracecontext, baggage and none", unknown.join(", "));
    let has = |wanted: &str| words(&list).any(|word| word == wanted);
    let propagated = Propagated { trace: has("tracecontext"), baggage: has("baggage") };
    (propagated, Some(note).filter(|_| !unknown.is_empty()))
}

/// Only this word switches off; anything else leaves telemetry on.
fn disabled(variables: Lookup<'_>) -> bool {
    get(variables, "OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// The words of a list with commas.
fn words(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|word| !word.is_empty())
}

fn once(texts: Vec<String>) -> Vec<String> {
    let mut unique: Vec<String> = Vec::with_capacity(texts.len());
    for text in texts {
        if !unique.contains(&text) {
            unique.push(text);
        }
    }
    unique
}

/// Reads variables and keeps what is wrong with them.
struct Reader<'e> {
    variables: Lookup<'e>,
    problems: Vec<String>,
    notes: Vec<String>,
}

impl Reader<'_> {
    fn signals(&mut self) -> Vec<(Endpoint, Pace)> {
        if self.get("OTEL_CONFIG_FILE").is_some() {
            self.problems.push("OTEL_CONFIG_FILE is not supported and is ignored".to_owned());
        }
        Signal::ALL.into_iter().filter_map(|signal| self.signal(signal)).collect()
    }

    fn signal(&mut self, signal: Signal) -> Option<(Endpoint, Pace)> {
        let wanted = self.wanted(signal);
        let endpoint = self.endpoint(signal, wanted)?;
        self.remarks(signal);
        let pace = self.pace(signal);
        Some((endpoint.answering_within(pace.limit), pace))
    }

    fn get(&self, name: &str) -> Option<String> {
        get(self.variables, name)
    }

    /// The signal's own variable, or else the one for all signals, with its name.
    fn of(&self, signal: Signal, what: &str) -> Option<(String, String)> {
        let names = [signal.variable(what), format!("OTEL_EXPORTER_OTLP_{what}")];
        names.into_iter().find_map(|name| self.get(&name).map(|value| (name, value)))
    }

    /// The number that a variable holds; one that cannot be read is a problem and counts as unset.
    fn number(&mut self, name: &str, value: &str) -> Option<u64> {
        let number = value.parse().ok();
        if number.is_none() {
            self.problems.push(format!("{name} is no number: {value:?}"));
        }
        number
    }

    /// Keeps a problem.
    fn noting<T>(&mut self, result: Result<T, String>) -> Option<T> {
        result.map_err(|problem| self.problems.push(problem)).ok()
    }

    /// What people set who expect something else of it than we do.
    fn remarks(&mut self, signal: Signal) {
        match signal {
            Signal::Traces => self.remark("OTEL_TRACES_SAMPLER", &["always_on", "parentbased_always_on"], |value| {
                format!("OTEL_TRACES_SAMPLER: {value} is ignored, every run is recorded")
            }),
            Signal::Metrics => {
                self.remark("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", &["cumulative"], |value| {
                    format!(
                        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: {value} is ignored, \
                         the figures are totals of the journal and are sent as cumulative"
                    )
                });
                let name = "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION";
                self.remark(name, &["explicit_bucket_histogram"], |value| {
                    format!("{name}: {value} is ignored, histograms are sent with their documented buckets")
                });
            }
            Signal::Logs => {}
        }
    }

    fn remark(&mut self, name: &str, usual: &[&str], say: impl Fn(&str) -> String) {
        let value = self.get(name).filter(|value| !usual.contains(&value.to_ascii_lowercase().as_str()));
        self.notes.extend(value.map(|value| say(&value)));
    }
}
