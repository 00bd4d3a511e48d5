//! Drives a headless Chromium through its DevTools protocol.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use salvo::http::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::client::HttpClient;
use super::wait::{TIMEOUT, until};

/// Common names of the program; `CHROMIUM` sets another one.
const PROGRAMS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

/// Also stop Chromium from contacting its vendor's servers.
const FLAGS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--remote-debugging-port=0",
];

/// One tab, whose browser ends with it.
pub(crate) struct Tab {
    socket: WebSocketStream<TcpStream>,
    last_call: u64,
    /// The page's events since it was opened.
    events: Vec<Value>,
    _browser: Child,
    _profile: TempDir,
}

fn program() -> PathBuf {
    if let Some(program) = std::env::var_os("CHROMIUM") {
        return program.into();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut files = PROGRAMS
        .iter()
        .flat_map(|program| std::env::split_paths(&path).map(move |directory| directory.join(program)));
    files
        .find(|file| file.is_file())
        .expect("Chromium is on `PATH`, or `CHROMIUM` names it; `apt-get install chromium` has it")
}

impl Tab {
    pub(crate) async fn open(address: &str) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let browser = Command::new(program())
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let file = profile.path().join("DevToolsActivePort");
        let port = || {
            let text = std::fs::read_to_string(&file).ok()?;
            text.lines().next()?.parse::<u16>().ok()
        };
        until("Chromium listens", async || port().is_some()).await;
        let devtools = SocketAddr::from(([127, 0, 0, 1], port().unwrap()));
        let answer = HttpClient::new(devtools)
            .send(Method::PUT, "/json/new?about:blank", &[], "")
            .await;
        let target = answer.json()["webSocketDebuggerUrl"].as_str().unwrap().to_owned();
        let stream = TcpStream::connect(devtools).await.unwrap();
        let (socket, _) = client_async(target, stream).await.unwrap();
        let mut tab = Self {
            socket,
            last_call: 0,
            events: Vec::new(),
            _browser: browser,
            _profile: profile,
        };
        for domain in ["Page", "Runtime", "Log", "Network"] {
            tab.call(&format!("{domain}.enable"), json!({})).await;
        }
        tab.go(address).await;
        tab
    }

    /// Calls a method of the protocol and waits for its result.
    pub(crate) async fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.last_call += 1;
        let call = json!({ "id": self.last_call, "method": method, "params": parameters });
        self.socket.send(Message::text(call.to_string())).await.unwrap();
        loop {
            let mut message = self.message().await;
            if message["id"] == self.last_call {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].take();
            }
        }
    }

    /// Waits for a message, and stores it if it is an event.
    async fn message(&mut self) -> Value {
        loop {
            let message = tokio::time::timeout(TIMEOUT, self.socket.next()).await;
            if let Message::Text(text) = message.expect("a message in time").unwrap().unwrap() {
                let message: Value = serde_json::from_str(&text).unwrap();
                if message["id"].is_null() {
                    self.events.push(message.clone());
                }
                return message;
            }
        }
    }

    /// Opens an address and waits until it is loaded.
    pub(crate) async fn go(&mut self, address: &str) {
        let result = self.call("Page.navigate", json!({ "url": address })).await;
        assert!(result["errorText"].is_null(), "{result}");
        self.eventually("document.readyState === 'complete' && location.href !== 'about:blank'")
            .await;
    }

    /// Runs JavaScript in the page.
    pub(crate) async fn value(&mut self, expression: &str) -> Value {
        let parameters = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let mut result = self.call("Runtime.evaluate", parameters).await;
        assert!(result["exceptionDetails"].is_null(), "{expression}: {result}");
        result["result"]["value"].take()
    }

    pub(crate) async fn text(&mut self, expression: &str) -> String {
        self.value(expression)
            .await
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Waits until an expression is true. It cannot be evaluated while the page loads.
    pub(crate) async fn eventually(&mut self, expression: &str) {
        let start = std::time::Instant::now();
        let parameters = json!({ "expression": expression, "returnByValue": true });
        while self.call("Runtime.evaluate", parameters.clone()).await["result"]["value"] != true {
            assert!(start.elapsed() < TIMEOUT, "timed out waiting for: {expression}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Presses and releases a key.
    pub(crate) async fn press(&mut self, key: &str) {
        let code = match key {
            "Tab" => 9,
            "Enter" => 13,
            _ => 0,
        };
        let text = if key == "Enter" { "\r" } else { "" };
        for kind in ["keyDown", "keyUp"] {
            let parameters =
                json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text });
            self.call("Input.dispatchKeyEvent", parameters).await;
        }
    }

    /// Types into the focused element.
    pub(crate) async fn write(&mut self, text: &str) {
        self.call("Input.insertText", json!({ "text": text })).await;
    }

    /// Returns everything that went wrong in the page: exceptions, console errors and policy violations.
    pub(crate) fn complaints(&self) -> Vec<&Value> {
        let is_complaint = |event: &&Value| match event["method"].as_str().unwrap_or_default() {
            "Runtime.exceptionThrown" => true,
            "Runtime.consoleAPICalled" => event["params"]["type"] == "error",
            "Log.entryAdded" => event["params"]["entry"]["level"] == "error",
            _ => false,
        };
        self.events.iter().filter(is_complaint).collect()
    }

    /// Returns the address of every network request.
    pub(crate) fn requests(&self) -> Vec<&str> {
        let sent = self
            .events
            .iter()
            .filter(|event| event["method"] == "Network.requestWillBeSent");
        let addresses = sent.filter_map(|event| event["params"]["request"]["url"].as_str());
        addresses
            .filter(|address| !address.starts_with("data:"))
            .collect()
    }

    /// Takes a screenshot, and saves it in the directory that `SCREENSHOTS` names.
    pub(crate) async fn picture(&mut self, name: &str) -> Vec<u8> {
        use base64::Engine as _;
        let mut result = self
            .call("Page.captureScreenshot", json!({ "captureBeyondViewport": true }))
            .await;
        let data = result["data"].take();
        let png = base64::engine::general_purpose::STANDARD
            .decode(data.as_str().unwrap())
            .unwrap();
        if let Some(directory) = std::env::var_os("SCREENSHOTS") {
            std::fs::write(PathBuf::from(directory).join(format!("{name}.png")), &png).unwrap();
        }
        png
    }
}
