//! `Debug` shows no value of a Secret, whatever holds it.

use std::fmt::Debug;

use engine::deployment::Planned;
use engine::observe::Before;
use engine::record::LoadedRecord;
use engine_core::object::owner::Owner;
use engine_core::object::{HashKey, Object, ObjectId, kind_of};
use engine_core::observation::adoption::Adoption;
use engine_core::observation::{Observation, Observations, State};
use engine_core::plan::{Consents, Plan};
use engine_core::record::Record;
use engine_core::secret::{SecretDeclaration, SecretSource, SecretValue};
use engine_core::stack::{Role, Stack, StackObject};
use k8s_openapi::api::core::v1::Secret;
use serde_json::{Value, json};

/// A value and its form in a live Secret.
const SECRETS: [&str; 2] = ["open-sesame", "b3Blbi1zZXNhbWU="];

#[track_caller]
fn check(shown: &impl Debug) {
    for text in [format!("{shown:?}"), format!("{shown:#?}")] {
        assert!(text.len() > 5, "{text}");
        assert!(!SECRETS.iter().any(|secret| text.contains(secret)), "{text}");
    }
}

fn secret(password: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "users", "namespace": "shop", "uid": "u", "resourceVersion": "1"},
        "data": {"password": password},
    })
}

fn record() -> Record {
    let mut record = Record::new(Owner::new("web", "shop"), "cluster", HashKey::new([7; 32]));
    let value = SecretValue::from(SECRETS[0].to_owned());
    record.secrets.insert("password".to_owned(), value);
    record
}

fn stack(record: &Record) -> Stack {
    let object = Object::from_json(&kind_of::<Secret>(), secret(SECRETS[1]), &record.key);
    Stack {
        objects: vec![StackObject {
            object,
            needs: Vec::new(),
            role: Role::Plain,
        }],
        secrets: record
            .secrets
            .iter()
            .map(|(name, value)| (name.clone(), Some(value.clone())))
            .collect(),
        ..Stack::default()
    }
}

/// Every state that holds objects.
fn states() -> [State; 4] {
    let (live, other) = (secret(SECRETS[1]), secret("eA=="));
    let id = ObjectId::of_live(&kind_of::<Secret>(), &live);
    [
        State::Suspect {
            live: live.clone(),
            proposed: other.clone(),
        },
        State::Immutable {
            live: other.clone(),
            recreated: live.clone(),
            fields: Vec::new(),
        },
        State::Blocked {
            holder: id,
            message: String::new(),
            object: Some((other.clone(), live.clone())),
        },
        State::Adoptable {
            live,
            proposed: other,
            adoption: Adoption::default(),
        },
    ]
}

#[test]
fn what_was_found_shows_no_secret() {
    let record = record();
    let id = stack(&record).objects[0].object.id().clone();
    for state in states() {
        check(&state);
        let observation = Observation {
            id: id.clone(),
            state,
        };
        check(&observation);
        let observations = Observations {
            objects: vec![observation],
            versions: vec![None],
            ..Observations::default()
        };
        check(&observations);
        let plan = Plan::new(&stack(&record), &record, &observations, Consents::default());
        check(&plan);
        check(&Before {
            stack: stack(&record),
            observations: observations.clone(),
        });
        check(&Planned {
            stack: stack(&record),
            observations,
            plan,
        });
    }
}

#[test]
fn a_record_shows_no_secret() {
    let record = record();
    let value: Value = record.to_secret("infra-system");
    let written = Record::from_secret(&value).unwrap();
    assert_eq!(written.secret("password").expose(), SECRETS[0]);
    check(&LoadedRecord::Recovered(record.clone()));
    check(&LoadedRecord::New(record.clone()));
    check(&LoadedRecord::Stored {
        record,
        written: Box::new(written),
        resource_version: "1".to_owned(),
    });
}

#[test]
fn a_declaration_shows_no_secret() {
    let value = SecretValue::from(SECRETS[0].to_owned());
    check(&value);
    let source = SecretSource::Given {
        value: Some(value),
        description: "password".to_owned(),
        hint: "set it".to_owned(),
    };
    check(&source);
    check(&SecretDeclaration {
        name: "password",
        source,
        live: ObjectId::of_live(&kind_of::<Secret>(), &secret(SECRETS[1])),
        read_back: Box::new(|_| None),
    });
}
