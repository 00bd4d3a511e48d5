//! From an environment and its record to its stack. Pure and total: what can be wrong was refused while parsing.

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

use crate::environment::{Environment, Password, Scale};
use crate::object::ObjectId;
use crate::record::Record;
use crate::stack::{AutoscaledWorkload, ExpectedClaim, Stack, id_of};

/// Declares every object of an environment.
#[must_use]
pub fn declare(environment: &Environment, record: &Record) -> Stack {
    let mut stack = Stack::default();
    let pull_password = pull_password(environment, record);
    let key = &record.key;
    let namespaces = namespaces::add(&mut stack, environment, pull_password.as_ref(), key);
    stack.pull_password = pull_password;

    let database = &namespaces.database;
    let guards = guards::add(
        &mut stack,
        environment,
        metadata::MONGODB,
        &network::of_mongodb(environment),
        database,
        key,
    );
    stack.add(
        &disruption::budget(environment, metadata::MONGODB, database),
        database.needs(),
        key,
    );
    let users = stack.add_data_key(
        &mongodb::users(environment, &record.credentials),
        database.needs(),
        key,
    );
    let scripts = stack.add(&mongodb::scripts(environment), database.needs(), key);
    let headless = stack.add(&mongodb::headless_service(environment), database.needs(), key);
    if environment.mongodb.cluster_ip {
        stack.add(&mongodb::cluster_service(environment), database.needs(), key);
    }
    let data = storage::add(&mut stack, environment, database, key);
    let mongodb = stack.add(
        &mongodb::stateful_set(environment, &guards, &users, &scripts, &headless, &data),
        [
            guards.needs(),
            data.needs(),
            vec![users.applied(), scripts.applied(), headless.applied()],
        ]
        .concat(),
        key,
    );
    let (claim, origin) = storage::claim(environment);
    stack.claims.push(ExpectedClaim {
        workload: mongodb.id().clone(),
        claim,
        origin,
    });

    let app = &namespaces.app;
    let guards = guards::add(
        &mut stack,
        environment,
        metadata::API,
        &network::of_api(environment),
        app,
        key,
    );
    stack.add(
        &disruption::budget(environment, metadata::API, app),
        app.needs(),
        key,
    );
    let uri = stack.add(
        &api::uri_secret(environment, &record.credentials, &headless),
        app.needs(),
        key,
    );
    stack.add(&api::node_port_service(environment), app.needs(), key);
    // The database first: pods that start before it would only restart until it answers.
    let api = stack.add(
        &api::deployment(environment, &guards, &uri),
        [guards.needs(), vec![uri.applied(), mongodb.current()]].concat(),
        key,
    );
    if let Scale::Autoscaled(autoscaling) = &environment.service.scale {
        stack.add(
            &autoscaling::autoscaler(environment, autoscaling, &api),
            [app.needs(), vec![api.applied()]].concat(),
            key,
        );
        stack.autoscaled.push(AutoscaledWorkload {
            workload: api.id().clone(),
            minimum: i32::from(autoscaling.min_replicas),
        });
    }
    settings::add(&mut stack);
    stack
}

/// The password with which images are pulled: the one handed over, else the one that the record remembers.
#[must_use]
pub fn pull_password(environment: &Environment, record: &Record) -> Option<Password> {
    let settings = environment.pull_secret.as_ref()?;
    settings.password.clone().or_else(|| record.pull_password.clone())
}

/// The Secret in which the database's passwords stand, from which a lost record is made again.
#[must_use]
pub fn users_secret(environment: &Environment) -> ObjectId {
    id_of::<Secret>(Some(environment.namespaces.database.as_str()), mongodb::USERS)
}

/// The workload that runs the database.
#[must_use]
pub fn database_workload(environment: &Environment) -> ObjectId {
    id_of::<StatefulSet>(
        Some(environment.namespaces.database.as_str()),
        metadata::MONGODB.name,
    )
}

/// The claims in which the database's data is looked for.
#[must_use]
pub fn data_claim(environment: &Environment) -> ObjectId {
    storage::claim(environment).0
}
