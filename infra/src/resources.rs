//! Declares the stack of an environment. Pure; cannot fail, because parsing refuses every invalid value.

pub mod api;
pub mod autoscaling;
pub mod disruption;
pub mod guards;
pub mod metadata;
pub mod mongodb;
pub mod namespaces;
pub mod network;
pub mod pods;
pub mod pull_secret;
pub mod quota;
mod settings;
pub mod storage;

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::Secret;

use crate::environment::{Environment, Scale};
use engine::deployment::Declaration;
use engine_core::object::HashKey;
use engine_core::object::owner::Owner;
use engine_core::record::Record;
use engine_core::secret::{ProtectedData, SecretDeclaration, SecretSource, SecretValue};
use engine_core::stack::{Stack, StackBuilder, id_of};

/// Name of the stack that this program declares.
pub const STACK: &str = "data-api";

/// Names of the secrets in the record.
mod secret {
    /// Password of the database's user `root`.
    pub(super) const ROOT: &str = "root_password";
    /// Password of the user that the data API logs in as.
    pub(super) const APPLICATION: &str = "application_password";
    /// Password for pulling images.
    pub(super) const PULL: &str = "pull_password";
}

/// The owner of an environment's objects. The name of its record dates from before stacks had names.
#[must_use]
pub fn owner(environment: &str) -> Owner {
    Owner::with_record_name(STACK, environment, &format!("infra-{environment}"))
}

/// Declares the secrets that the record keeps, and the live objects that they are recovered from if the record is lost.
#[must_use]
pub fn secrets(environment: &Environment) -> Vec<SecretDeclaration> {
    let database = environment.namespaces.database.as_str();
    let of_user = |name: &'static str, entry: &'static str| SecretDeclaration {
        name,
        source: SecretSource::Generated {
            opens: Some(ProtectedData {
                workload: id_of::<StatefulSet>(Some(database), metadata::MONGODB.name),
                claim: storage::claim(environment).0,
            }),
        },
        live: id_of::<Secret>(Some(database), mongodb::USERS),
        read_back: Box::new(move |secret| SecretValue::from_entry(secret, entry)),
    };
    let mut secrets = vec![
        of_user(secret::ROOT, mongodb::ROOT_ENTRY),
        of_user(secret::APPLICATION, mongodb::APPLICATION_ENTRY),
    ];
    if let Some(settings) = environment.pull_secret.clone() {
        secrets.push(SecretDeclaration {
            name: secret::PULL,
            source: SecretSource::Given {
                value: settings.password.clone(),
                description: format!("password for `{}`", settings.server),
                hint: "set the variable `INFRA_PULL_SECRET__PASSWORD`; an apply stores it in the record"
                    .to_owned(),
            },
            live: pull_secret::id(environment),
            read_back: Box::new(move |secret| pull_secret::read_back(secret, &settings)),
        });
    }
    secrets
}

/// Declares an environment for an apply.
#[must_use]
pub fn declaration(environment: &Environment) -> Declaration<'_> {
    Declaration {
        secrets: secrets(environment),
        declare: Box::new(|record| declare(environment, record)),
    }
}

/// A placeholder for a missing record, for callers that need only the names of the declared objects.
#[must_use]
pub fn placeholder_record(environment: &Environment, cluster_id: &str) -> Record {
    let owner = owner(environment.name.as_str());
    let mut record = Record::new(owner, cluster_id, HashKey::new([0; 32]));
    record.fill_with_placeholders(&secrets(environment));
    record
}

/// Declares every object of an environment. The record must hold all its [`secrets`].
#[must_use]
pub fn declare(environment: &Environment, record: &Record) -> Stack {
    let mut stack = StackBuilder::new(record);
    let pull_password = environment
        .pull_secret
        .as_ref()
        .map(|_| record.secret(secret::PULL));
    let namespaces = namespaces::add(&mut stack, environment, pull_password);

    let database = &namespaces.database;
    let guards = guards::add(
        &mut stack,
        environment,
        metadata::MONGODB,
        &network::of_mongodb(environment),
        database,
    );
    stack.add(
        &disruption::budget(environment, metadata::MONGODB, database),
        database.needs(),
    );
    let users = stack.add_data_key(
        &mongodb::users(
            environment,
            record.secret(secret::ROOT),
            record.secret(secret::APPLICATION),
        ),
        database.needs(),
    );
    let scripts = stack.add(&mongodb::scripts(environment), database.needs());
    let headless = stack.add(&mongodb::headless_service(environment), database.needs());
    if environment.mongodb.cluster_ip {
        stack.add(&mongodb::cluster_service(environment), database.needs());
    }
    let data = storage::add(&mut stack, environment, database);
    let mongodb = stack.add(
        &mongodb::stateful_set(environment, &guards, &users, &scripts, &headless, &data),
        [
            guards.needs(),
            data.needs(),
            vec![users.applied(), scripts.applied(), headless.applied()],
        ]
        .concat(),
    );
    let (claim, origin) = storage::claim(environment);
    stack.add_claim(&mongodb, claim, origin);

    let app = &namespaces.app;
    let guards = guards::add(
        &mut stack,
        environment,
        metadata::API,
        &network::of_api(environment),
        app,
    );
    stack.add(&disruption::budget(environment, metadata::API, app), app.needs());
    let uri = stack.add(
        &api::uri_secret(environment, record.secret(secret::APPLICATION), &headless),
        app.needs(),
    );
    stack.add(&api::node_port_service(environment), app.needs());
    // Waits for the database: pods that start earlier would only restart until it answers.
    let api = stack.add(
        &api::deployment(environment, &guards, &uri),
        [guards.needs(), vec![uri.applied(), mongodb.current()]].concat(),
    );
    if let Scale::Autoscaled(autoscaling) = &environment.service.scale {
        stack.add(
            &autoscaling::autoscaler(environment, autoscaling, &api),
            [app.needs(), vec![api.applied()]].concat(),
        );
        stack.add_autoscaled(&api, i32::from(autoscaling.min_replicas));
    }
    for name in [secret::ROOT, secret::APPLICATION] {
        stack.add_secret(name, Some(record.secret(name)));
    }
    stack.add_secret(secret::PULL, pull_password);
    let mut stack = stack.finish();
    settings::add(&mut stack);
    stack
}
