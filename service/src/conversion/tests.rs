//! JSON in, BSON and JSON out.

use bson::raw::{RawBsonRef, RawDocumentBuf};
use bson::{Bson, Document, doc};
use proptest::prelude::*;

use super::*;

/// Reads a JSON object, and writes it again as `GET /data` does; or says why it was refused.
fn check(input: &str, expected: &str) {
    let output = match document_from_json(input.as_bytes()) {
        Ok(document) => written(&document),
        Err(refusal) => match &refusal.pointer {
            Some(pointer) => format!("{refusal} ({pointer})"),
            None => refusal.to_string(),
        },
    };
    assert_eq!(output, expected, "{input}");
}

fn check_stored(input: &str, expected: &Document) {
    assert_eq!(
        &document_from_json(input.as_bytes()).unwrap(),
        expected,
        "{input}"
    );
}

fn check_equal(input: &str) {
    check(input, input);
}

fn written(document: &Document) -> String {
    let raw = RawDocumentBuf::try_from(document).unwrap();
    serde_json::to_string(&Json(RawBsonRef::Document(&raw))).unwrap()
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

#[test]
fn integers_beyond_64_bits_are_refused_and_never_rounded() {
    check(
        r#"{"a":9223372036854775808}"#,
        "the integer `9223372036854775808` does not fit 64 bits and would be rounded (/a)",
    );
    check(
        r#"{"a":[1,2.5,"3",{"b/c~":-9223372036854775809}]}"#,
        "the integer `-9223372036854775809` does not fit 64 bits and would be rounded (/a/3/b~1c~0)",
    );
    check(
        r#"{"a":1e300,"b":[1e19],"c":100000000000000000000}"#,
        "the integer `100000000000000000000` does not fit 64 bits and would be rounded (/c)",
    );
    check(
        &format!(r#"{{"a":{}}}"#, "9".repeat(300)),
        &format!(
            "the integer `{}…` does not fit 64 bits and would be rounded (/a)",
            "9".repeat(40)
        ),
    );
}

#[test]
fn numbers_that_no_double_holds_are_refused() {
    let refused = "the body cannot be read as JSON: number out of range at line 1 column";
    check(r#"{"a":1e400}"#, &format!("{refused} 10 (/a)"));
    check(r#"{"a":-1e400}"#, &format!("{refused} 11 (/a)"));
}

#[test]
fn a_repeated_key_is_refused() {
    check(
        r#"{"x":[{"a":1,"b":2,"a":1}]}"#,
        "the key `a` stands twice in one object (/x/0/a)",
    );
}

#[test]
fn nul_is_refused_in_keys_only() {
    check_equal(r#"{"a":"\u0000"}"#);
    check(
        r#"{"a\u0000":1}"#,
        "a key holds the character NUL, which MongoDB cannot store (/a\0)",
    );
}

#[test]
fn nesting_ends_where_mongodb_promises_to_hold_it() {
    check_equal(&nested(MAXIMUM_DEPTH));
    let pointer = "/a".repeat(MAXIMUM_DEPTH);
    let refused = format!("the document is nested deeper than 100 levels ({pointer})");
    check(&nested(MAXIMUM_DEPTH + 1), &refused);
    let arrays = format!(r#"{{"a":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let pointer = format!("/a{}", "/0".repeat(MAXIMUM_DEPTH - 1));
    check(
        &arrays,
        &format!("the document is nested deeper than 100 levels ({pointer})"),
    );
}

#[test]
fn only_an_object_is_a_document() {
    check("", "the body is empty, a JSON object is expected");
    check(" \n", "the body is empty, a JSON object is expected");
    for (input, found) in [
        ("[]", "an array"),
        ("\"a\"", "a string"),
        ("1", "a number"),
        ("true", "a boolean"),
        ("null", "null"),
    ] {
        check(input, &format!("a JSON object is expected, this is {found}"));
    }
}

#[test]
fn malformed_json_is_refused_with_line_and_column() {
    let refused = "the body cannot be read as JSON:";
    check(
        "{\n  \"a\": tru}",
        &format!("{refused} expected ident at line 2 column 11 (/a)"),
    );
    check(
        r#"{"a":1} x"#,
        &format!("{refused} trailing characters at line 1 column 9"),
    );
    check(
        r#"{"a":NaN}"#,
        &format!("{refused} expected value at line 1 column 6 (/a)"),
    );
    check(
        r#"{"a":"\ud800"}"#,
        &format!("{refused} unexpected end of hex escape at line 1 column 13 (/a)"),
    );
    let latin1 = document_from_json(b"{\"a\":\"\xe9\"}").unwrap_err().to_string();
    assert_eq!(
        latin1,
        format!("{refused} invalid unicode code point at line 1 column 7")
    );
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
        let _ = document_from_json(text.as_bytes());
    }
}
