//! The page at `/`, in a real browser.

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::app::TestApp;
use super::chromium::Tab;
use super::mongo;

const FIRST: &str = "document.querySelector('#list > li')?.innerText ?? ''";

fn address(app: &TestApp) -> String {
    format!("http://{}/", app.address)
}

async fn type_document(tab: &mut Tab, text: &str) {
    tab.value("document.getElementById('document').focus()").await;
    tab.write(text).await;
}

async fn add(tab: &mut Tab) {
    tab.value("document.querySelector('#add button').click()").await;
}

/// Asserts that nothing went wrong in the page, and that it contacted no other server.
fn check_clean(tab: &Tab, app: &TestApp) {
    assert!(tab.complaints().is_empty(), "{:#?}", tab.complaints());
    let (requests, own) = (tab.requests(), address(app));
    assert!(
        requests.iter().all(|request| request.starts_with(&own)),
        "{requests:?}"
    );
}

#[tokio::test]
async fn documents_appear_as_they_arrive_and_are_escaped() {
    let app = TestApp::start().await;
    let mut tab = Tab::open(&address(&app)).await;
    assert_eq!(
        tab.text("document.getElementById('state').innerText").await,
        "MongoDB is available"
    );
    assert_eq!(tab.text("document.getElementById('count').innerText").await, "0");
    type_document(
        &mut tab,
        r#"{"name": "test", "list": [1, {"deep": 9007199254740993}]}"#,
    )
    .await;
    add(&mut tab).await;
    tab.eventually("document.querySelectorAll('#list > li').length === 1")
        .await;
    assert_eq!(
        tab.text("document.getElementById('document').value").await,
        "",
        "the field is empty again"
    );
    assert_eq!(tab.text("document.getElementById('count').innerText").await, "1");
    assert!(tab.text(FIRST).await.contains("\"test\""));
    let hidden = "document.querySelector('#list summary + dl').checkVisibility()";
    assert_eq!(tab.value(hidden).await, false, "nested values are folded");
    tab.value("document.querySelectorAll('#list summary').forEach((summary) => summary.click())")
        .await;
    assert!(
        tab.text(FIRST).await.contains("9007199254740993"),
        "no digit is lost"
    );

    let hostile =
        r#"{"<b>k": "</script><img src=x onerror=\"window.hacked=1\"><script>window.hacked=1</script>"}"#;
    assert_eq!(app.client.post(hostile).await.status, 201);
    tab.eventually("document.getElementById('count').innerText === '2'")
        .await;
    let first = tab.text(FIRST).await;
    assert!(first.contains("<b>k") && first.contains("<img src=x"), "{first}");
    assert_eq!(
        tab.value("document.querySelectorAll('#list script, #list img, #list b').length")
            .await,
        0
    );
    assert_eq!(tab.value("typeof window.hacked").await, "undefined");
    assert_eq!(
        tab.value("document.querySelectorAll('#list details[open]').length")
            .await,
        2,
        "unfolded values stay unfolded"
    );
    tab.go(&address(&app)).await;
    assert_eq!(
        tab.value("typeof window.hacked").await,
        "undefined",
        "the server's own page is safe too"
    );
    check_clean(&tab, &app);
}

#[tokio::test]
async fn a_fault_is_marked_and_the_text_stays() {
    let app = TestApp::start().await;
    let mut tab = Tab::open(&address(&app)).await;
    let text = "{\n  \"é\": 1,\n  \"b\": oh\n}";
    type_document(&mut tab, text).await;
    add(&mut tab).await;
    tab.eventually("document.querySelector('#error mark') !== null")
        .await;
    let error = tab.text("document.getElementById('error').innerText").await;
    assert!(
        error.starts_with("Not added: expected value. Line 3, column 8, at /b:"),
        "{error}"
    );
    assert_eq!(
        tab.text("document.querySelector('#error mark').innerText").await,
        "o"
    );
    assert_eq!(tab.text("document.getElementById('document').value").await, text);
    assert_eq!(tab.text("document.activeElement.id").await, "document");
    let start = "document.getElementById('document').selectionStart";
    assert_eq!(
        tab.value(start).await,
        text.find("oh").unwrap() - 1,
        "the cursor is at the fault, counted in UTF-16"
    );
    assert_eq!(
        tab.text("document.getElementById('document').ariaInvalid").await,
        "true"
    );
    tab.picture("fault").await;
    tab.value("document.getElementById('document').value = '{\"b\": 1}'")
        .await;
    add(&mut tab).await;
    tab.eventually("document.querySelectorAll('#list > li').length === 1")
        .await;
    assert_eq!(tab.text("document.getElementById('error').innerText").await, "");
}

#[tokio::test]
async fn the_page_works_with_the_keyboard() {
    let app = TestApp::start().await;
    assert_eq!(app.client.post(r#"{"nested": {"a": 1}}"#).await.status, 201);
    let mut tab = Tab::open(&address(&app)).await;
    let mut seen = Vec::new();
    while tab.text("document.activeElement.id").await != "document" {
        tab.press("Tab").await;
        seen.push(tab.text("document.activeElement.innerText").await);
        assert!(seen.len() < 10, "the text area is not reachable: {seen:?}");
        let outline = tab
            .text("getComputedStyle(document.activeElement).outlineStyle")
            .await;
        assert_eq!(outline, "solid", "the focus is visible");
    }
    tab.write(r#"{"by": "keyboard"}"#).await;
    tab.press("Tab").await;
    tab.press("Enter").await;
    tab.eventually("document.querySelectorAll('#list > li').length === 2")
        .await;
    assert_eq!(
        tab.text("document.activeElement.id").await,
        "document",
        "the field has the focus again"
    );
    tab.press("Tab").await;
    tab.press("Tab").await;
    assert_eq!(tab.text("document.activeElement.tagName").await, "SUMMARY");
    tab.press("Enter").await;
    tab.eventually("document.querySelector('#list details').open")
        .await;
}

#[tokio::test]
async fn an_outage_and_its_end_are_shown() {
    let mongodb = mongo::own().await;
    let app = TestApp::start_on(&mongodb.mongodb_uri()).await;
    assert_eq!(app.client.post(r#"{"a": 1}"#).await.status, 201);
    let mut tab = Tab::open(&address(&app)).await;
    let pid = Pid::from_raw(i32::try_from(mongodb.mongodb_pid()).unwrap()).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
    tab.eventually("document.getElementById('state').className === 'down'")
        .await;
    assert_eq!(
        tab.value("document.querySelectorAll('#list > li').length").await,
        1,
        "documents stay on the page"
    );
    type_document(&mut tab, r#"{"b": 2}"#).await;
    add(&mut tab).await;
    tab.eventually("/^(Not added|Outcome unknown): /.test(document.getElementById('error').innerText)")
        .await;
    assert_eq!(
        tab.text("document.getElementById('document').value").await,
        r#"{"b": 2}"#
    );
    tab.picture("down").await;
    kill_process(pid, Signal::CONT).unwrap();
    tab.eventually("document.getElementById('state').className === 'up'")
        .await;
    assert_eq!(
        tab.text("document.getElementById('state').innerText").await,
        "MongoDB is available"
    );
}

#[tokio::test]
async fn it_works_without_javascript() {
    let app = TestApp::start().await;
    let mut tab = Tab::open("data:text/html,").await;
    tab.call("Emulation.setScriptExecutionDisabled", json!({ "value": true }))
        .await;
    for n in 0..25 {
        assert_eq!(app.client.post(format!("{{\"n\": {n}}}")).await.status, 201);
    }
    tab.go(&address(&app)).await;
    assert!(tab.text(FIRST).await.contains("24"));
    tab.value("document.querySelector('#more a').click()").await;
    tab.eventually("location.search === '?skip=20' && document.querySelectorAll('#list > li').length === 5")
        .await;
    type_document(&mut tab, "{\"a\": 1").await;
    add(&mut tab).await;
    tab.eventually("document.querySelector('#error mark') !== null")
        .await;
    assert_eq!(
        tab.text("document.getElementById('document').value").await,
        "{\"a\": 1"
    );
    type_document(&mut tab, "}").await;
    tab.value("document.getElementById('document').value = '{\"a\": 1}'")
        .await;
    add(&mut tab).await;
    tab.eventually("location.pathname === '/' && document.getElementById('count').innerText === '26'")
        .await;
    assert!(tab.text(FIRST).await.contains('a'));
}

#[tokio::test]
async fn older_documents_load_on_demand() {
    let app = TestApp::start().await;
    for n in 0..45 {
        assert_eq!(app.client.post(format!("{{\"n\": {n}}}")).await.status, 201);
    }
    let mut tab = Tab::open(&address(&app)).await;
    for length in [40, 45] {
        tab.value("document.querySelector('#more a').click()").await;
        tab.eventually(&format!(
            "document.querySelectorAll('#list > li').length === {length}"
        ))
        .await;
    }
    assert_eq!(tab.value("document.querySelector('#more')").await, json!(null));
    let numbers = "[...document.querySelectorAll('#list .number')].map((number) => Number(number.innerText))";
    assert_eq!(tab.value(numbers).await, json!((0..45).rev().collect::<Vec<_>>()));
}

/// Returns the lowest contrast ratio between any text of the page and its background.
const WORST_CONTRAST: &str = r"(() => {
  const parts = (color) => color.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, index) => sum + c * [0.2126, 0.7152, 0.0722][index], 0);
  const back = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = parts(getComputedStyle(e).backgroundColor);
      if (color.length === 3 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const texts = [...document.querySelectorAll('body *')].filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) && e.checkVisibility());
  return Math.min(...texts.map((e) => {
    const [a, b] = [light(parts(getComputedStyle(e).color)), light(back(e))].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  }));
})()";

#[tokio::test]
async fn it_fits_a_small_screen_and_is_readable_in_the_dark() {
    let app = TestApp::start().await;
    let wide = format!(
        r#"{{"{}": "{}", "o": {{"a": [1, {{"b": null}}]}}, "t": true}}"#,
        "k".repeat(90),
        "x".repeat(400)
    );
    for body in [wide.as_str(), r#"{"name": "test", "value": 1}"#] {
        assert_eq!(app.client.post(body).await.status, 201);
    }
    let mut tab = Tab::open(&address(&app)).await;
    let mut pictures = Vec::new();
    for (name, width, scheme) in [
        ("light", 1280, "light"),
        ("dark", 1280, "dark"),
        ("small", 320, "light"),
        ("small-dark", 320, "dark"),
    ] {
        let screen = json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width == 320 });
        tab.call("Emulation.setDeviceMetricsOverride", screen).await;
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        tab.call("Emulation.setEmulatedMedia", media).await;
        tab.go(&address(&app)).await;
        tab.value("document.querySelectorAll('summary').forEach((summary) => summary.click())")
            .await;
        type_document(&mut tab, "[1, 2").await;
        add(&mut tab).await;
        tab.eventually("document.querySelector('#error mark') !== null")
            .await;
        let scrolled = tab
            .value("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            .await;
        assert_eq!(scrolled, 0, "{name}: no horizontal scrolling");
        let contrast = tab.value(WORST_CONTRAST).await.as_f64().unwrap();
        assert!(contrast >= 4.5, "{name}: {contrast}");
        pictures.push(tab.picture(name).await);
    }
    assert_ne!(pictures[0], pictures[1], "light and dark mode differ");
}

#[tokio::test]
async fn swagger_ui_works_without_another_server() {
    let app = TestApp::start().await;
    let mut tab = Tab::open(&format!("{}docs", address(&app))).await;
    tab.eventually("document.querySelectorAll('.opblock').length > 5")
        .await;
    tab.value("document.querySelector('.opblock-post .opblock-summary-control').click()")
        .await;
    tab.eventually("document.querySelector('.opblock-body') !== null")
        .await;
    tab.picture("docs").await;
    check_clean(&tab, &app);
}
