//! The scanner beside the reader: what it reads must be what the reader reads.

use proptest::prelude::*;

use super::reader::{LOOK_BACK, Reader};
use super::scanner::{plain_bytes, scan};
use super::{Row, Span};
use crate::wire::read_seed;

type Read = (String, Vec<Row>, Vec<(Span, Option<u32>)>);

fn parts(found: Reader<'_>) -> Read {
    let devices = found.devices.iter().map(|device| (device.resource, device.status.number()));
    let devices = devices.collect();
    (found.side, found.rows, devices)
}

/// Whether the scanner read it; if so, the reader must have read the same.
fn agrees(text: &str) -> bool {
    let Some(scanned) = scan(text) else { return false };
    let read = read_seed(text, || Reader::new(text)).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(parts(scanned), parts(read), "{text}");
    true
}

#[test]
fn what_the_service_writes_needs_no_other_reader() {
    for text in [
        r#"{"result":[]}"#,
        r#"{"result":[{}]}"#,
        r#"{"result":[{"uid":"c2","last_time":"1644466063","expiry":"1645500371","ext":"123","status":{"android":"0"}}]}"#,
        r#"{"result":[{"uid":"","last_time":"","ext":"","status":[]},{"uid":"b","status":null,"ext":null}]}"#,
        r#"{"result":[{"last_time":1644466063,"expiry":null,"status":{"a":0,"b":"7"," c":""}}]}"#,
        r#"{"result":[{"ext":"{\"a\":\"\\\"}","uid":"\u5916\ud83d\ude00","status":{"a\nb":1,"a\u000ab":2}}]}"#,
        r#"{"result":[{"ext":"外出就餐 …","status":{"a":"-1","b":"+7 ","c":"99999999999999999999"}}]}"#,
        r#"{"result":[{"uid":"a","status":{"x":1,"x":2}},{"status":{"x":1},"status":{"x":3}}]}"#,
    ] {
        assert!(agrees(text), "{text}");
    }
}

#[test]
fn anything_else_is_left_to_the_reader() {
    let many: Vec<String> = (0..=LOOK_BACK).map(|n| format!("\"{n}\":1")).collect();
    let many = format!("{{\"result\":[{{\"status\":{{{}}}}}]}}", many.join(","));
    for text in [
        "",
        "{}",
        "[]",
        r#"{ "result":[]}"#,
        r#"{"result": []}"#,
        r#"{"result":[]} "#,
        r#"{"result":[{"uid": "a"}]}"#,
        r#"{"result":null}"#,
        r#"{"result":{}}"#,
        r#"{"result":[],"result":[]}"#,
        r#"{"result":[],"x":1}"#,
        r#"{"result":[]}x"#,
        r#"{"result":[{}"#,
        r#"{"result":[{},]}"#,
        r#"{"result":[{"x":1}]}"#,
        r#"{"result":[{"\u0075id":"a"}]}"#,
        r#"{"result":[{"uid":7}]}"#,
        r#"{"result":[{"uid":"\ud800"}]}"#,
        "{\"result\":[{\"uid\":\"a\nb\"}]}",
        "{\"result\":[{\"uid\":\"\\\n\"}]}",
        r#"{"result":[{"uid":"a}]}"#,
        r#"{"result":[{"uid":"a\"}]}"#,
        r#"{"result":[{"last_time":01}]}"#,
        r#"{"result":[{"last_time":1.5}]}"#,
        r#"{"result":[{"last_time":1e3}]}"#,
        r#"{"result":[{"last_time":-1}]}"#,
        r#"{"result":[{"last_time":true}]}"#,
        r#"{"result":[{"last_time":18446744073709551616}]}"#,
        r#"{"result":[{"last_time":"soon"}]}"#,
        r#"{"result":[{"last_time":"\u0031"}]}"#,
        r#"{"result":[{"status":[1]}]}"#,
        r#"{"result":[{"status":{"a":"busy"}}]}"#,
        r#"{"result":[{"status":{"a":1 "b":2}}]}"#,
        &many,
    ] {
        assert!(!agrees(text), "{text}");
    }
}

#[test]
fn the_end_of_a_plain_stretch_is_found_wherever_it_stands() {
    for end in (0..b' ').chain([b'"', b'\\']) {
        for place in 0..40 {
            let mut text = vec![b'z'; 40];
            text[place] = end;
            text[place + 1..].fill(0x01);
            assert_eq!(plain_bytes(&text), place, "{end}");
        }
    }
    for byte in (b' '..=0xff).filter(|byte| !matches!(byte, b'"' | b'\\')) {
        assert_eq!(plain_bytes(&[byte; 21]), 21, "{byte}");
    }
}

fn text() -> impl Strategy<Value = String> {
    let any = prop_oneof![any::<String>(), "[a-z\"\\\\]{0,20}"];
    prop_oneof![
        8 => "[a-z0-9_]{0,20}".prop_map(|plain| format!("\"{plain}\"")),
        4 => any.prop_map(|any| serde_json::Value::from(any).to_string()),
        1 => Just(r#""\u5916\n\/\ud83d\ude00""#.to_owned()),
        1 => Just("null".to_owned()),
    ]
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => any::<u32>().prop_map(|number| format!("\"{number}\"")),
        4 => any::<u64>().prop_map(|number| number.to_string()),
        2 => "\"[ +-]?[0-9]{0,22}[ x]?\"",
        1 => "-?[0-9]{1,22}([.]5)?(e[0-9])?",
        1 => Just("null".to_owned()),
    ]
}

fn row() -> impl Strategy<Value = String> {
    let status = prop::collection::vec((text(), number()), 0..20).prop_map(|devices| {
        let devices: Vec<_> = devices.iter().map(|(name, number)| format!("{name}:{number}")).collect();
        format!("{{{}}}", devices.join(","))
    });
    let status = prop_oneof![8 => status, 1 => Just("[]".to_owned()), 1 => Just("null".to_owned())];
    let field = prop_oneof![
        ("uid|ext", text()),
        ("last_time|expiry", number()),
        ("status", status),
        ("[a-z]{3}", number()),
    ];
    prop::collection::vec(field, 0..6).prop_map(|fields| {
        let fields: Vec<_> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", fields.join(","))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn whatever_is_read_here_is_what_the_reader_reads(
        rows in prop::collection::vec(row(), 0..4),
        changes in prop::collection::vec((any::<prop::sample::Index>(), "[{}\\[\\]\":,\\\\ 0a\n]{0,2}"), 0..3),
    ) {
        let mut text = format!("{{\"result\":[{}]}}", rows.join(","));
        agrees(&text);
        for (place, change) in changes {
            let (place, _) = *place.get(&text.char_indices().collect::<Vec<_>>());
            let end = text.get(place..).unwrap().chars().next().map_or(place, |c| place + c.len_utf8());
            text.replace_range(place..end, &change);
            agrees(&text);
        }
    }
}
