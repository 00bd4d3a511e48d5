//! JSON in, BSON and JSON out.

use bson::oid::ObjectId;
use bson::raw::RawDocumentBuf;
use bson::{Bson, Document, doc};
use proptest::prelude::*;

use super::read::{MAXIMUM_DEPTH, MAXIMUM_DOCUMENT_BYTES, MAXIMUM_ID_BYTES};
use super::*;

const GENERATED: ObjectId = ObjectId::from_bytes([1; 12]);

fn read(input: impl AsRef<[u8]>) -> Result<RawDocumentBuf, Refusal> {
    document_from_json(input.as_ref(), NewId::IfMissing(GENERATED))
}

/// Converts a JSON object and writes it as `GET /data` does, or describes the refusal.
fn check(input: &str, expected: &str) {
    let output = match read(input) {
        Ok(document) => written(&document),
        Err(refusal) => format!(
            "{refusal} at `{}`",
            refusal.location.pointer.as_deref().unwrap_or("…")
        ),
    };
    assert_eq!(output, expected, "{input}");
}

fn check_stored(input: &str, expected: &Document) {
    let stored = Document::try_from(read(input).unwrap()).unwrap();
    let mut whole = doc! { "_id": GENERATED };
    whole.extend(expected.clone());
    assert_eq!(stored, whole, "{input}");
}

fn check_equal(input: &str) {
    check(input, input);
}

fn written(document: &RawDocumentBuf) -> String {
    serde_json::to_string(&WithoutId(document)).unwrap()
}

fn nested(levels: usize) -> String {
    format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels))
}

#[test]
fn what_was_sent_comes_back_equal() {
    check_equal("{}");
    check_equal(r#"{"":"","b":1,"a":2,"é☃":"\u0000\n\"\\𝄞","z":[[],{},null,true,false]}"#);
}

#[test]
fn extended_json_dollar_and_dotted_keys_are_plain_data() {
    check_equal(r#"{"a":{"$oid":"zz"},"$x":2,"a.b":1,".":{"$date":0},"$numberLong":"5"}"#);
    check_stored(r#"{"$numberLong":"5"}"#, &doc! { "$numberLong": "5" });
}

#[test]
fn integers_take_32_bits_where_they_fit_and_64_otherwise() {
    check_stored(r#"{"a":2147483647}"#, &doc! { "a": Bson::Int32(i32::MAX) });
    check_stored(r#"{"a":2147483648}"#, &doc! { "a": Bson::Int64(2_147_483_648) });
    check_stored(r#"{"a":-2147483648}"#, &doc! { "a": Bson::Int32(i32::MIN) });
    check_stored(
        r#"{"a":9223372036854775807}"#,
        &doc! { "a": Bson::Int64(i64::MAX) },
    );
    check_stored(
        r#"{"a":-9223372036854775808}"#,
        &doc! { "a": Bson::Int64(i64::MIN) },
    );
    check_stored(r#"{"a":-0}"#, &doc! { "a": Bson::Int32(0) });
}

#[test]
fn numbers_with_a_fraction_or_an_exponent_stay_doubles() {
    check_equal(r#"{"a":[1.0,-0.0,0.1,5e-324,1.7976931348623157e+308]}"#);
    check_stored(r#"{"a":1e0}"#, &doc! { "a": 1.0 });
    check_stored(r#"{"a":[1,1e19]}"#, &doc! { "a": [1, 1e19] });
}

/// Describes a location in a text of one line.
fn at(column: usize, pointer: &str) -> String {
    format!("(line 1 column {column}) at `{pointer}`")
}

#[test]
fn integers_beyond_64_bits_are_refused_and_never_rounded() {
    let rounded = "does not fit in 64 bits";
    check(
        r#"{"a":9223372036854775808}"#,
        &format!("the integer `9223372036854775808` {rounded} {}", at(6, "/a")),
    );
    check(
        r#"{"a":[1,2.5,"3",{"b/c~":-9223372036854775809}]}"#,
        &format!(
            "the integer `-9223372036854775809` {rounded} {}",
            at(25, "/a/3/b~1c~0")
        ),
    );
    check(
        r#"{"a":1e300,"b":[1e19],"c":100000000000000000000}"#,
        &format!("the integer `100000000000000000000` {rounded} {}", at(27, "/c")),
    );
    for digits in [30, 300, 400] {
        check(
            &format!(r#"{{"a":{}}}"#, "9".repeat(digits)),
            &format!(
                "the integer `{}{}` {rounded} {}",
                "9".repeat(digits.min(40)),
                if digits > 40 { "…" } else { "" },
                at(6, "/a")
            ),
        );
    }
}

#[test]
fn numbers_that_would_become_infinite_or_zero_are_refused() {
    let refused = |number: &str| {
        format!(
            "the number `{number}` is out of range for a 64-bit float {}",
            at(9, "/a/1")
        )
    };
    for number in [
        "1e400",
        "-1e400",
        "1.5E+309",
        "1e-400",
        "-0.1e-999",
        "1e99999999999",
    ] {
        check(&format!(r#"{{"a":[0,{number}]}}"#), &refused(number));
    }
    check(r#"{"a":[0.0,-0.0e5,0e999]}"#, r#"{"a":[0.0,-0.0,0.0]}"#);
}

#[test]
fn a_repeated_key_is_refused() {
    check(
        r#"{"x":[{"a":1,"b":2,"\u0061":1}]}"#,
        &format!("duplicate key `a` {}", at(20, "/x/0/a")),
    );
    let many: Vec<String> = (0..50).map(|number| format!(r#""{number}":1"#)).collect();
    check(
        &format!(r#"{{{},"7":2}}"#, many.join(",")),
        &format!("duplicate key `7` {}", at(342, "/7")),
    );
}

#[test]
fn nul_is_refused_in_keys_only() {
    check_equal(r#"{"a":"\u0000"}"#);
    check(
        r#"{"a\u0000":1}"#,
        &format!(
            "a key contains the NUL character, which MongoDB cannot store {}",
            at(2, "/a\0")
        ),
    );
}

#[test]
fn an_unpaired_surrogate_is_refused() {
    let refused = "a string contains an unpaired surrogate, which cannot be stored";
    check_equal(r#"{"a":"𝄞"}"#);
    check(r#"{"\ud834\udd1e":1}"#, r#"{"𝄞":1}"#);
    check(r#"{"a":"\ud800"}"#, &format!("{refused} {}", at(13, "/a")));
    check(r#"{"a":["\udc00"]}"#, &format!("{refused} {}", at(13, "/a/0")));
    check(r#"{"a":{"\ud800x":1}}"#, &format!("{refused} {}", at(14, "/a")));
    check(r#"{"a":"\ud800\u0041"}"#, &format!("{refused} {}", at(18, "/a")));
}

#[test]
fn nesting_is_limited_to_what_mongodb_guarantees() {
    check_equal(&nested(64));
    check_equal(&nested(MAXIMUM_DEPTH));
    for levels in [101, 127, 128, 10_000] {
        check(
            &nested(levels),
            &format!(
                "the document is nested more than 100 levels deep {}",
                at(501, &"/a".repeat(100))
            ),
        );
    }
    let arrays = format!(r#"{{"a":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let pointer = format!("/a{}", "/0".repeat(MAXIMUM_DEPTH - 1));
    check(
        &arrays,
        &format!(
            "the document is nested more than 100 levels deep {}",
            at(105, &pointer)
        ),
    );
}

#[test]
fn only_an_object_is_a_document() {
    for empty in ["", " \r\n\t"] {
        check(
            empty,
            &format!("the body is empty; expected a JSON object {}", at(1, "")),
        );
    }
    for (input, found) in [
        ("[]", "an array"),
        (r#"[{"a":1}]"#, "an array"),
        ("\"a\"", "a string"),
        ("1", "a number"),
        ("-0.0", "a number"),
        ("true", "a boolean"),
        ("null", "null"),
    ] {
        let expected = format!("expected a JSON object, found {found} {}", at(1, ""));
        check(input, &expected);
    }
}

#[test]
fn malformed_json_is_refused_with_line_and_column() {
    let check = |input: &str, message: &str, location: &str| {
        let refused = format!("invalid JSON: {message} {location}");
        check(input, &refused);
    };
    check("{\n  \"a\": tru}", "expected ident", "(line 2 column 11) at `/a`");
    check(r#"{"a":1} x"#, "trailing characters", &at(9, ""));
    check(r#"{"a":1}{}"#, "trailing characters", &at(8, ""));
    check(r#"{"a":NaN}"#, "expected value", &at(6, "/a"));
    check(r#"{"a":-Infinity}"#, "invalid number", &at(7, "/a"));
    check(r#"{"a":01}"#, "invalid number", &at(7, "/a"));
    check(r#"{"a":[1,]}"#, "trailing comma", &at(9, "/a/1"));
    check(r#"{"a":1,}"#, "trailing comma", &at(8, ""));
    check(r#"{"a":1 // one"#, "expected `,` or `}`", &at(8, "/a"));
    check(r#"{"é":'a'}"#, "expected value", &at(6, "/é"));
    check(
        "{\"a\":\n",
        "EOF while parsing a value",
        "(line 2 column 1) at `/a`",
    );
    check(
        r#"{"a":[{"b":"c"#,
        "EOF while parsing a string",
        &at(14, "/a/0/b"),
    );
    check(
        "{\"a\":\"\n\"}",
        "control character (\\u0000-\\u001F) found while parsing a string",
        &at(7, "/a"),
    );
}

#[test]
fn invalid_json_is_reported_as_such_despite_earlier_faults() {
    let trailing = "invalid JSON: trailing characters";
    check(r#"{"a":1,"a":2} x"#, &format!("{trailing} {}", at(15, "")));
    check("[] x", &format!("{trailing} {}", at(4, "")));
    check(
        &"[ ".repeat(5_000),
        &format!("invalid JSON: EOF while parsing a list {}", at(10_001, "…")),
    );
}

#[test]
fn only_utf8_is_read() {
    let check = |input: &[u8], found: &str, column: usize| {
        let refusal = read(input).unwrap_err();
        let expected = format!("the body is not plain UTF-8: it {found} (line 1 column {column})");
        assert_eq!(refusal.to_string(), expected, "{input:?}");
    };
    let utf16 = "looks like UTF-16 or UTF-32";
    check(b"\xef\xbb\xbf{}", "starts with a byte order mark", 1);
    check(b"\xff\xfe{\0}\0", utf16, 1);
    check(b"\xfe\xff\0{\0}", utf16, 1);
    check(b"{\0}\0", utf16, 1);
    check(b"\0\0\0{\0\0\0}", utf16, 1);
    check(b"{\"a\":\"\xe9\"}", "contains invalid bytes", 7);
}

#[test]
fn a_client_defined_id_replaces_the_generated_one() {
    let check = |input: &str, expected: &Document| {
        let stored = Document::try_from(read(input).unwrap()).unwrap();
        assert_eq!(&stored, expected, "{input}");
    };
    check(r#"{"a":1,"_id":"x"}"#, &doc! { "a": 1, "_id": "x" });
    check(r#"{"_id":1.5}"#, &doc! { "_id": 1.5 });
    check(r#"{"_id":null}"#, &doc! { "_id": null });
    check(r#"{"_id":false}"#, &doc! { "_id": false });
    check(
        r#"{"a":{"_id":[]}}"#,
        &doc! { "_id": GENERATED, "a": { "_id": [] } },
    );
    let longest = "x".repeat(MAXIMUM_ID_BYTES);
    check(
        &format!(r#"{{"_id":"{longest}"}}"#),
        &doc! { "_id": longest.as_str() },
    );
}

#[test]
fn an_invalid_id_is_refused() {
    let allowed = "`_id` must be a string, a number, a boolean or null";
    check(
        r#"{"a":1,"_id":[1]}"#,
        &format!("{allowed}, not an array {}", at(14, "/_id")),
    );
    check(
        r#"{"_id":{"$oid":"6b018ca9e539d0e4320647d9"}}"#,
        &format!("{allowed}, not an object {}", at(8, "/_id")),
    );
    check(
        &format!(r#"{{"_id":"{}"}}"#, "x".repeat(MAXIMUM_ID_BYTES + 1)),
        &format!("`_id` is longer than 1024 bytes {}", at(8, "/_id")),
    );
    let refusal = document_from_json(br#"{"_id":"x"}"#, NewId::Required(GENERATED)).unwrap_err();
    assert_eq!(refusal.fault, Fault::TwoIds);
    assert!(document_from_json(br#"{"a":"x"}"#, NewId::Required(GENERATED)).is_ok());
}

#[test]
fn a_document_is_limited_to_16_mib() {
    let sized = |bytes: usize| {
        let empty = read(r#"{"a":""}"#).unwrap().as_bytes().len();
        format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes - empty))
    };
    let largest = read(sized(MAXIMUM_DOCUMENT_BYTES)).unwrap();
    assert_eq!(largest.as_bytes().len(), MAXIMUM_DOCUMENT_BYTES);
    let too_large = Fault::TooLarge {
        maximum: MAXIMUM_DOCUMENT_BYTES,
    };
    let refusal = read(sized(MAXIMUM_DOCUMENT_BYTES + 1)).unwrap_err();
    assert_eq!(refusal.fault, too_large);
    let digits = format!(r#"{{"a":[{}0]}}"#, "0,".repeat(4_000_000));
    assert_eq!(read(digits).unwrap_err().fault, too_large);
}

#[test]
fn types_that_json_lacks_are_written_as_relaxed_extended_json() {
    let document = doc! {
        "id": bson::oid::ObjectId::from_bytes([1; 12]),
        "date": bson::DateTime::from_millis(0),
        "bytes": bson::Binary { subtype: bson::spec::BinarySubtype::Generic, bytes: vec![1, 2] },
        "decimal": "1.5".parse::<bson::Decimal128>().unwrap(),
        "nan": f64::NAN,
        "infinity": [f64::NEG_INFINITY],
        "regex": Bson::MinKey,
    };
    let expected = concat!(
        r#"{"id":{"$oid":"010101010101010101010101"},"date":{"$date":"1970-01-01T00:00:00Z"},"#,
        r#""bytes":{"$binary":{"base64":"AQI=","subType":"00"}},"decimal":{"$numberDecimal":"1.5"},"#,
        r#""nan":{"$numberDouble":"NaN"},"infinity":[{"$numberDouble":"-Infinity"}],"regex":{"$minKey":1}}"#,
    );
    let document = RawDocumentBuf::try_from(&document).unwrap();
    assert_eq!(written(&document), expected);
}

#[test]
fn an_id_is_answered_as_text() {
    assert_eq!(
        id_text(&Bson::ObjectId(bson::oid::ObjectId::from_bytes([255; 12]))),
        "f".repeat(24)
    );
    assert_eq!(id_text(&Bson::String("a".to_owned())), "a");
    assert_eq!(id_text(&Bson::Int32(7)), "7");
    assert_eq!(id_text(&Bson::Null), "null");
}

/// Any JSON value that fits into MongoDB.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let key = "[a-z.$\u{e9}]{0,3}";
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>()
            .prop_filter("finite", |value| value.is_finite())
            .prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            prop::collection::btree_map(key, inner, 0..5)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_object_comes_back_byte_for_byte(value in any_json()) {
        check_equal(&serde_json::json!({ "value": value }).to_string());
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[\\[\\]{}\",:0-9eE.+\\- a\\\\u]{0,40}") {
        let _ = read(text);
    }
}
