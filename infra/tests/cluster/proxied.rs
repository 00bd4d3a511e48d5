//! An API server that only a proxy reaches.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use kube::config::Kubeconfig;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::fixture::{Ended, World};

/// User and password as they are sent: `ann:pa@ss`.
const AUTHORIZATION: &str = "Proxy-Authorization: Basic YW5uOnBhQHNz";

/// Starts a proxy that takes CONNECT from that user, and leads to `server` whatever host is named.
async fn start(server: String) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (server, seen) = (server.clone(), Arc::clone(&seen));
            tokio::spawn(async move {
                let mut client = BufReader::new(stream);
                let mut head = Vec::new();
                while head.last().is_none_or(|line: &String| !line.is_empty()) {
                    let mut line = String::new();
                    if client.read_line(&mut line).await.unwrap() == 0 {
                        return;
                    }
                    head.push(line.trim_end().to_owned());
                }
                if !head.iter().any(|line| line == AUTHORIZATION) {
                    let answer = b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n";
                    client.write_all(answer).await.unwrap();
                    return;
                }
                seen.lock().unwrap().push(head.swap_remove(0));
                let mut server = TcpStream::connect(&server).await.unwrap();
                client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    (port, asked)
}

/// The sandbox's kubeconfig with another server, whose certificate is still the sandbox's, and the address of the real one.
fn kubeconfig(world: &World, directory: &Path, server: &str, proxy_url: Option<String>) -> (PathBuf, String) {
    let mut kubeconfig = Kubeconfig::read_from(&world.kubeconfig).unwrap();
    let cluster = kubeconfig.clusters[0].cluster.as_mut().unwrap();
    let real = cluster.server.replace(server.to_owned()).unwrap();
    cluster.tls_server_name = Some("127.0.0.1".to_owned());
    cluster.proxy_url = proxy_url;
    let path = directory.join("kubeconfig");
    std::fs::write(&path, serde_json::to_string(&kubeconfig).unwrap()).unwrap();
    (path, real.trim_start_matches("https://").to_owned())
}

async fn plan(world: &World, kubeconfig: &Path, variables: &[(&str, &str)]) -> Ended {
    let flags = ["plan", "--kubeconfig", kubeconfig.to_str().unwrap()];
    let ended = world.infra_with(variables, &flags).await;
    assert!(
        !ended.stderr.contains("pa@ss") && !ended.stderr.contains("pa%40ss"),
        "{ended:?}"
    );
    ended
}

#[tokio::test]
async fn the_proxy_of_the_variables_is_used() {
    let world = World::new().await;
    let directory = tempfile::TempDir::new().unwrap();
    let (path, real) = kubeconfig(&world, directory.path(), "https://kubernetes.test:6443", None);
    let (port, asked) = start(real).await;
    let url = format!("http://ann:pa%40ss@127.0.0.1:{port}");
    for name in ["HTTPS_PROXY", "https_proxy"] {
        plan(&world, &path, &[(name, &url)]).await.expect_code(0);
        let asked = std::mem::take(&mut *asked.lock().unwrap());
        assert!(!asked.is_empty());
        assert!(
            asked
                .iter()
                .all(|line| line == "CONNECT kubernetes.test:6443 HTTP/1.1"),
            "{asked:?}"
        );
    }

    // Nothing but the proxy knows the server.
    for variables in [
        &[][..],
        &[("HTTPS_PROXY", url.as_str()), ("NO_PROXY", ".test:6443")],
    ] {
        plan(&world, &path, variables)
            .await
            .expect_code(1)
            .expect_text("error: cannot reach the API server at https://kubernetes.test:6443: ");
    }
    assert!(asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_proxy_that_brings_no_connection_about_is_named_with_its_setting() {
    let world = World::new().await;
    let directory = tempfile::TempDir::new().unwrap();
    let (path, real) = kubeconfig(&world, directory.path(), "https://kubernetes.test:6443", None);
    let (port, _) = start(real).await;
    let hint = "hint: correct the proxy setting; servers listed in NO_PROXY bypass HTTPS_PROXY";
    plan(
        &world,
        &path,
        &[("HTTPS_PROXY", "http://ann:pa%40ss@127.0.0.1:1")],
    )
    .await
    .expect_code(1)
    .expect_line(
        "error: cannot reach the API server at https://kubernetes.test:6443 through the proxy \
             http://127.0.0.1:1 (HTTPS_PROXY): Connection refused (os error 111)",
    )
    .expect_line(hint);
    let unknown = format!("http://127.0.0.1:{port}");
    plan(&world, &path, &[("HTTPS_PROXY", &unknown)])
        .await
        .expect_code(1)
        .expect_text(&format!(
            "{unknown} (HTTPS_PROXY): tunnel error: proxy authorization required"
        ))
        .expect_line(hint);
    plan(&world, &path, &[("HTTPS_PROXY", "http://ann:pa@ss@ /")])
        .await
        .expect_code(1)
        .expect_text("HTTPS_PROXY is not the URL of a proxy");
}

#[tokio::test]
async fn a_certificate_of_another_server_is_not_the_proxys_fault() {
    let world = World::new().await;
    let directory = tempfile::TempDir::new().unwrap();
    let (path, real) = kubeconfig(&world, directory.path(), "https://kubernetes.test:6443", None);
    let text = std::fs::read_to_string(&path).unwrap();
    let name = |name: &str| format!("\"tls-server-name\":\"{name}\"");
    std::fs::write(&path, text.replace(&name("127.0.0.1"), &name("other.test"))).unwrap();
    let (port, _) = start(real).await;
    let url = format!("http://ann:pa%40ss@127.0.0.1:{port}");
    plan(&world, &path, &[("HTTPS_PROXY", &url)])
        .await
        .expect_code(1)
        .expect_text(
            "error: cannot reach the API server at https://kubernetes.test:6443: invalid peer certificate",
        );
}

#[tokio::test]
async fn the_proxy_of_the_kubeconfig_is_used() {
    let world = World::new().await;
    let directory = tempfile::TempDir::new().unwrap();
    let server = Kubeconfig::read_from(&world.kubeconfig).unwrap().clusters[0]
        .cluster
        .clone();
    let server = server.unwrap().server.unwrap();
    let (port, asked) = start(server.trim_start_matches("https://").to_owned()).await;
    let url = format!("http://ann:pa%40ss@127.0.0.1:{port}");
    let (path, _) = kubeconfig(&world, directory.path(), &server, Some(url));
    plan(&world, &path, &[("NO_PROXY", "*")]).await.expect_code(0);
    assert!(!asked.lock().unwrap().is_empty());
}
