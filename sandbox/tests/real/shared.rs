//! The sandbox of this test run, and a blocking client of its API server.

use std::{sync::OnceLock, time::Duration};

use kube::{
    Api, Client, Config, Resource,
    api::{DynamicObject, Patch, PatchParams},
    config::{KubeConfigOptions, Kubeconfig},
    core::{ApiResource, GroupVersionKind},
};
use sandbox::{Options, Sandbox};
use serde::de::DeserializeOwned;
use tokio::runtime::Runtime;

use crate::wait;

/// Started by the first test that needs it; exits with the test process.
pub(crate) fn sandbox() -> &'static Sandbox {
    static SANDBOX: OnceLock<Sandbox> = OnceLock::new();
    SANDBOX.get_or_init(|| Sandbox::start(&Options::default()).expect("the sandbox starts"))
}

/// A client of a namespace that belongs to one test.
pub(crate) struct Namespace {
    runtime: Runtime,
    client: Client,
    name: String,
}

impl Namespace {
    pub(crate) fn create(name: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let kubeconfig = Kubeconfig::read_from(sandbox().kubeconfig()).unwrap();
        let client = runtime.block_on(async {
            let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
                .await
                .unwrap();
            config.default_retry = false;
            Client::try_from(config).unwrap()
        });
        let namespace = Self {
            runtime,
            client,
            name: name.to_owned(),
        };
        namespace
            .apply(&serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}));
        namespace
    }

    /// Applies an object, in this namespace if its kind is namespaced. Expects a regular plural.
    pub(crate) fn apply(&self, object: &serde_json::Value) {
        let (version, kind) = (
            object["apiVersion"].as_str().unwrap(),
            object["kind"].as_str().unwrap(),
        );
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        let api: Api<DynamicObject> = match kind {
            "Namespace" => Api::all_with(self.client.clone(), &resource),
            _ => Api::namespaced_with(self.client.clone(), &self.name, &resource),
        };
        let name = object["metadata"]["name"].as_str().unwrap();
        let parameters = PatchParams::apply("test").force();
        self.run(api.patch(name, &parameters, &Patch::Apply(object)))
            .unwrap();
    }

    /// Waits until `check` accepts the object.
    #[track_caller]
    pub(crate) fn wait<K, T>(&self, name: &str, check: impl Fn(&K) -> Option<T>) -> T
    where
        K: Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>
            + Clone
            + DeserializeOwned
            + std::fmt::Debug,
    {
        wait::until(&format!("{} `{name}`", K::kind(&())), || {
            check(&self.run(self.api::<K>().get(name)).ok()?)
        })
    }

    pub(crate) fn api<K>(&self) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>,
    {
        Api::namespaced(self.client.clone(), &self.name)
    }

    pub(crate) fn all<K: Resource<DynamicType = ()>>(&self) -> Api<K> {
        Api::all(self.client.clone())
    }

    /// Runs a request with a deadline, which kube itself lacks.
    pub(crate) fn run<T>(
        &self,
        request: impl Future<Output = Result<T, kube::Error>>,
    ) -> Result<T, kube::Error> {
        self.runtime.block_on(async {
            tokio::time::timeout(Duration::from_secs(20), request)
                .await
                .expect("the API server answers within 20 s")
        })
    }
}
