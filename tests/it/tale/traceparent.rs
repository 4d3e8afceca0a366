//! `TRACEPARENT`, parsed as the W3C recommendation requires.

use migrascope::observe::baggage;
use migrascope::observe::traceparent::{Malformed, environment, header, parse};

const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[test]
fn a_sampled_parent_is_taken_over_with_its_state() {
    let parent = parse(GOOD, Some("vendor=1")).expect("well-formed");
    assert_eq!(u128::from_be_bytes(parent.trace_id), 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736);
    assert_eq!(u64::from_be_bytes(parent.span_id), 0x00f0_67aa_0ba9_02b7);
    assert!(parent.sampled);
    assert_eq!(parent.state, "vendor=1");
}

#[test]
fn only_the_lowest_flag_says_sampled() {
    for (flags, sampled) in [("00", false), ("01", true), ("02", false), ("ff", true)] {
        let text = format!("{}{flags}", &GOOD[..GOOD.len() - 2]);
        assert_eq!(parse(&text, None).expect("well-formed").sampled, sampled, "{flags}");
    }
}

#[test]
fn a_later_version_may_say_more() {
    assert!(parse(&format!("01{}-more", &GOOD[2..]), None).is_ok());
    assert!(parse(&format!("cc{}", &GOOD[2..]), None).is_ok());
}

#[test]
fn whatever_breaks_a_rule_is_refused() {
    let zero_trace = "00-00000000000000000000000000000000-00f067aa0ba902b7-01";
    let zero_span = "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01";
    let table = [
        ("", Malformed::Shape),
        ("00", Malformed::Shape),
        (&GOOD[..GOOD.len() - 1], Malformed::Shape),
        (&format!("{GOOD}-more"), Malformed::Shape),
        (&GOOD.to_uppercase(), Malformed::Shape),
        (&GOOD.replace('b', "g"), Malformed::Shape),
        (&GOOD.replace('-', "_"), Malformed::Shape),
        (&format!("ff{}", &GOOD[2..]), Malformed::Version),
        (zero_trace, Malformed::ZeroTrace),
        (zero_span, Malformed::ZeroSpan),
    ];
    for (text, fault) in table {
        assert_eq!(parse(text, None), Err(fault), "{text:?}");
    }
}

#[test]
fn what_is_written_for_a_process_reads_as_the_span() {
    for (flags, state) in [("01", "vendor=1"), ("00", "")] {
        let text = format!("{}{flags}", &GOOD[..GOOD.len() - 2]);
        let span = parse(&text, Some(state)).expect("well-formed");
        assert_eq!(header(&span), text);
        let told = environment(&span, &baggage::parse("team=a%20b"));
        let expected = [("TRACEPARENT", text.as_str()), ("TRACESTATE", state), ("BAGGAGE", "team=a%20b")];
        assert_eq!(told, expected.map(|(name, value)| (name, value.to_owned())));
        assert_eq!(environment(&span, &[]).len(), 2, "BAGGAGE is inherited as it is");
    }
}
