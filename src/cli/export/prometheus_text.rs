//! Prometheus text by families.

use migrascope::observe::names::Metric;

const HEAD: &str = "# HELP ";

/// The families of `old` that `new` does not have, and then `new`.
pub(super) fn completed(new: &str, old: &str) -> String {
    let kept = families(old).filter(|(name, _)| family(new, name).is_none()).map(|(_, text)| text);
    kept.chain([new]).collect()
}

/// The family of this Prometheus name.
pub(super) fn family<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    families(text).find(|(own, _)| *own == name).map(|(_, family)| family)
}

/// A gauge that is 0 for every series of `like` in the text.
pub(super) fn zeros(text: &str, like: &Metric, gauge: &Metric) -> String {
    let (old, name) = (like.prometheus_name(), gauge.prometheus_name());
    let samples = family(text, &old).unwrap_or_default().lines().filter(|line| !line.starts_with('#'));
    let zeros = samples.filter_map(|line| {
        let labels = &line[old.len()..=line.rfind('}')?];
        Some(format!("{name}{labels} 0\n"))
    });
    [format!("{HEAD}{name} {}\n# TYPE {name} gauge\n", gauge.description)].into_iter().chain(zeros).collect()
}

/// Each family's name and text. Lines before the first `# HELP` belong to none.
fn families(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let starts: Vec<usize> = text
        .match_indices(HEAD)
        .map(|(at, _)| at)
        .filter(|at| *at == 0 || text.as_bytes().get(at - 1) == Some(&b'\n'))
        .collect();
    let ends: Vec<usize> = starts.iter().skip(1).copied().chain([text.len()]).collect();
    starts.into_iter().zip(ends).map(|(start, end)| {
        let family = &text[start..end];
        let name = family[HEAD.len()..].split_whitespace().next().unwrap_or_default();
        (name, family)
    })
}

#[cfg(test)]
mod tests {
    use migrascope::observe::names::{LAST_FAILURE_TIMESTAMP, LAST_SUCCESS_TIMESTAMP};

    use super::{completed, zeros};

    #[test]
    fn families_that_the_new_text_lacks_are_kept() {
        let old = "# HELP a A\n# TYPE a gauge\na 1\n# HELP b B # HELP not\n# TYPE b counter\nb 2\n";
        let new = "# HELP a A\n# TYPE a gauge\na 3\n";
        let both = "# HELP b B # HELP not\n# TYPE b counter\nb 2\n# HELP a A\n# TYPE a gauge\na 3\n";
        assert_eq!(completed(new, old), both);
        assert_eq!(completed(new, ""), new);
        assert_eq!(completed("", old), old);
    }

    #[test]
    fn zeros_have_the_labels_of_the_series() {
        let text = "# HELP migrascope_last_failure_timestamp_seconds When\n\
                    # TYPE migrascope_last_failure_timestamp_seconds gauge\n\
                    migrascope_last_failure_timestamp_seconds{migrascope_target=\"a}b\"} 1.5\n";
        let zero = zeros(text, &LAST_FAILURE_TIMESTAMP, &LAST_SUCCESS_TIMESTAMP);
        let sample = zero.lines().last();
        assert_eq!(sample, Some("migrascope_last_success_timestamp_seconds{migrascope_target=\"a}b\"} 0"));
    }
}
