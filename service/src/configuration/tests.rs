//! Variables in, configuration or message out.

use super::*;
use crate::database::ConnectionString;

fn check(variables: &Variables, expected: &str) {
    let message = match Configuration::from_variables(variables) {
        Ok(configuration) => format!(
            "{} {} {}",
            configuration.http.listen_address,
            configuration.logging.level,
            configuration.shutdown.drain.as_secs()
        ),
        Err(error) => format!("{error}; {}", error.hint()),
    };
    assert_eq!(message, expected);
}

#[test]
fn without_variables_the_defaults_of_the_sample_hold() {
    check(&Variables::default(), "0.0.0.0:5000 info 5");
    let configuration = Configuration::from_variables(&Variables::default()).unwrap();
    assert_eq!(
        configuration.mongodb.uri,
        ConnectionString::new("mongodb://localhost:27017/".to_owned())
    );
    assert_eq!(configuration.mongodb.namespace.database, "flask_db");
    assert_eq!(configuration.mongodb.namespace.collection, "data");
}

#[test]
fn every_variable_is_read() {
    check(
        &[
            ("LISTEN_ADDRESS", "127.0.0.1:0"),
            ("LOG_LEVEL", "warn"),
            ("DRAIN_SECONDS", "0"),
        ]
        .into(),
        "127.0.0.1:0 warn 0",
    );
}

#[test]
fn an_invalid_value_is_reported_with_a_valid_one() {
    check(
        &[("LISTEN_ADDRESS", "5000")].into(),
        "environment variable `LISTEN_ADDRESS` has the invalid value `5000`; set it to an IP address and a port such as `0.0.0.0:5000`",
    );
    check(
        &[("LOG_LEVEL", "loud")].into(),
        "environment variable `LOG_LEVEL` has the invalid value `loud`; set it to one of `error`, `warn`, `info`, `debug` and `trace`",
    );
    check(
        &[("DRAIN_SECONDS", "-1")].into(),
        "environment variable `DRAIN_SECONDS` has the invalid value `-1`; set it to a number of seconds such as `5`",
    );
}

#[test]
fn an_empty_variable_is_an_error() {
    check(
        &[("MONGODB_URI", "")].into(),
        "environment variable `MONGODB_URI` is empty; unset it to use the default",
    );
}

#[test]
fn two_sources_of_the_connection_string_are_an_error() {
    check(
        &[("MONGODB_URI", "mongodb://a"), ("MONGODB_URI_FILE", "b")].into(),
        "`MONGODB_URI` and `MONGODB_URI_FILE` are both set; unset one of them; the file `.env` may set one, too",
    );
}

#[test]
fn the_connection_string_is_read_from_a_file_without_its_newline() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("uri");
    std::fs::write(&path, "mongodb://from-file/\n").unwrap();
    let variables = [("MONGODB_URI_FILE", path.to_str().unwrap())].into();
    let configuration = Configuration::from_variables(&variables).unwrap();
    assert_eq!(
        configuration.mongodb.uri,
        ConnectionString::new("mongodb://from-file/".to_owned())
    );
}

#[test]
fn a_missing_file_with_the_connection_string_is_named() {
    check(
        &[("MONGODB_URI_FILE", "/nowhere/uri")].into(),
        "cannot read the connection string file `/nowhere/uri`; set `MONGODB_URI_FILE` to a file that contains only the connection string",
    );
}

#[test]
fn a_dotenv_file_completes_the_variables() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(
        directory.path().join(".env"),
        "# local\nexport LOG_LEVEL='debug'\n",
    )
    .unwrap();
    check(
        &Variables::load(directory.path()).unwrap(),
        "0.0.0.0:5000 debug 5",
    );
}

#[test]
fn a_malformed_dotenv_line_is_named_by_number_and_not_quoted() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(
        directory.path().join(".env"),
        "LOG_LEVEL=info\n\nMONGODB_URI 'secret\n",
    )
    .unwrap();
    let message = Variables::load(directory.path()).err().unwrap().to_string();
    assert!(message.starts_with("cannot parse line 3 of `"), "{message}");
    assert!(!message.contains("secret"), "{message}");
}

#[test]
fn a_connection_string_is_not_shown_by_debug() {
    let variables = [("MONGODB_URI", "mongodb://user:secret@host/")].into();
    let text = format!("{:?}", Configuration::from_variables(&variables).unwrap());
    assert!(!text.contains("secret"), "{text}");
}
