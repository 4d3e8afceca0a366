//! `BAGGAGE`: parsed, limited and written again.

use migrascope::observe::baggage::{header, parse};

/// `key=value` or `key=value;properties` of each member.
fn members(text: &str) -> Vec<String> {
    let told = |member: &migrascope::event::Member| match member.properties.as_str() {
        "" => format!("{}={}", member.key, member.value),
        properties => format!("{}={};{properties}", member.key, member.value),
    };
    parse(text).iter().map(told).collect()
}

#[test]
fn values_are_decoded() {
    let table: [(&str, &[&str]); 9] = [
        ("", &[]),
        ("team=shop", &["team=shop"]),
        (" team = shop , build=17 ", &["team=shop", "build=17"]),
        ("city=K%C3%B6ln", &["city=Köln"]),
        ("list=a%2Cb%3Bc", &["list=a,b;c"]),
        ("stray=100%,short=%4", &["stray=100%", "short=%4"]),
        ("binary=%FF", &["binary=\u{fffd}"]),
        ("key=value;ttl=30;secret", &["key=value;ttl=30;secret"]),
        ("empty=", &["empty="]),
    ];
    for (text, expected) in table {
        assert_eq!(members(text), expected, "{text}");
    }
}

#[test]
fn what_cannot_be_read_is_left_out() {
    assert_eq!(members("nonsense,=x,a b=c,ü=u,,good=1"), ["good=1"]);
}

#[test]
fn sixty_four_members_are_carried() {
    let text = (0..70).map(|number| format!("k{number}=v")).collect::<Vec<_>>().join(",");
    let carried = members(&text);
    assert_eq!((carried.len(), carried[63].as_str()), (64, "k63=v"));
}

#[test]
fn eight_kibibytes_are_carried() {
    let full = format!("a={}", "x".repeat(8190));
    assert_eq!(members(&full).len(), 1);
    assert_eq!(members(&format!("{full}y")).len(), 0);
    assert_eq!(members(&format!("b=1,{full},c=2")), ["b=1"], "what comes behind is not carried either");
}

#[test]
fn it_is_handed_on_as_it_came() {
    for text in ["city=K%C3%B6ln,list=a%2Cb", "key=value;ttl=30", "percent=%25", ""] {
        assert_eq!(header(&parse(text)), text);
    }
}
