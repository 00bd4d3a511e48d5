//! Chooses the proxy for a server: `proxy-url` of the kubeconfig, else the variables that kubectl honours.
//!
//! `NO_PROXY` follows Go's rules. The matcher of `hyper-util` supports neither ports nor the loopback exception.

use std::fmt;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, Uri};
use percent_encoding::percent_decode_str;

/// A proxy and the setting that names it. Neither `Debug` nor `Display` shows its credentials.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Proxy {
    /// The proxy's URL, without credentials.
    pub(super) url: Uri,
    pub(super) protocol: Protocol,
    credentials: Option<(String, String)>,
    /// The variable's name, or `proxy-url`.
    pub(super) setting: &'static str,
}

/// The protocol spoken with a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// HTTP `CONNECT`.
    Http,
    /// SOCKS 5; the proxy resolves the server's name.
    Socks5,
}

/// Formats as `http://proxy.example.com:3128 (HTTPS_PROXY)`.
impl fmt::Display for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.url.to_string();
        write!(formatter, "{} ({})", url.trim_end_matches('/'), self.setting)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl Proxy {
    /// Returns the proxy for a server. `proxy-url` applies to every server, the variables to those not listed in `NO_PROXY`.
    pub(super) fn of(
        server: &Uri,
        proxy_url: Option<&str>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, String> {
        if let Some(text) = proxy_url.filter(|text| !text.is_empty()) {
            return Self::parse("proxy-url", text).map(Some);
        }
        let names = match server.scheme_str() {
            Some("http") => ["HTTP_PROXY", "http_proxy"],
            _ => ["HTTPS_PROXY", "https_proxy"],
        };
        let set = |name: &str| variable(name).filter(|text| !text.is_empty());
        let Some((name, text)) = names.into_iter().find_map(|name| Some((name, set(name)?))) else {
            return Ok(None);
        };
        let exceptions = set("NO_PROXY").or_else(|| set("no_proxy")).unwrap_or_default();
        if is_direct(server, &exceptions) {
            return Ok(None);
        }
        Self::parse(name, &text).map(Some)
    }

    fn parse(setting: &'static str, text: &str) -> Result<Self, String> {
        // The text may contain a password, so no message repeats it.
        let no_url = || format!("{setting} is not the URL of a proxy");
        let with_scheme = if text.contains("://") {
            text.to_owned()
        } else {
            format!("http://{text}")
        };
        let url: Uri = with_scheme.parse().map_err(|_| no_url())?;
        let authority = url.authority().ok_or_else(no_url)?.as_str();
        let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (protocol, scheme) = match url.scheme_str() {
            Some("http") => (Protocol::Http, "http"),
            Some("socks5" | "socks5h") => (Protocol::Socks5, "socks5"),
            Some(other) => {
                return Err(format!(
                    "{setting} has the unsupported scheme `{other}`; use an `http` or `socks5` proxy"
                ));
            }
            None => return Err(no_url()),
        };
        let url = format!("{scheme}://{host}/").parse().map_err(|_| no_url())?;
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let (user, password) = user.split_once(':').unwrap_or((user, ""));
        let credentials = (!user.is_empty()).then(|| (decoded(user), decoded(password)));
        Ok(Self {
            url,
            protocol,
            credentials,
            setting,
        })
    }

    /// Returns the user and password for the proxy.
    pub(super) fn credentials(&self) -> Option<(String, String)> {
        self.credentials.clone()
    }

    /// Returns the header with user and password.
    pub(super) fn authorization(&self) -> Option<HeaderValue> {
        let (user, password) = self.credentials.as_ref()?;
        let text = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
        HeaderValue::try_from(text).ok()
    }
}

/// Returns whether a server bypasses the proxy: loopback always does, others when `NO_PROXY` lists them.
fn is_direct(server: &Uri, exceptions: &str) -> bool {
    let host = server.host().unwrap_or_default();
    let host = host.trim_matches(['[', ']']).to_lowercase();
    let address: Option<IpAddr> = host.parse().ok();
    let default_port = if server.scheme_str() == Some("http") {
        80
    } else {
        443
    };
    let port = server.port_u16().unwrap_or(default_port);
    host == "localhost"
        || address.is_some_and(|address| address.is_loopback())
        || exceptions
            .split(',')
            .map(|entry| entry.trim().to_lowercase())
            .any(|entry| is_listed(&entry, &host, address, port))
}

/// Returns whether one entry of `NO_PROXY` matches a server: `*`, a network, or an address or domain with optional port.
fn is_listed(entry: &str, host: &str, address: Option<IpAddr>, port: u16) -> bool {
    if entry == "*" {
        return true;
    }
    if let Some((network, bits)) = entry.split_once('/') {
        let network = network.parse().ok().zip(bits.parse().ok());
        return address
            .zip(network)
            .is_some_and(|(address, (network, bits))| is_within(address, network, bits));
    }
    let (name, wanted) = match entry.rsplit_once(':') {
        // A bare IPv6 address has colons and no port.
        Some((name, number)) if !name.contains(':') || name.ends_with(']') => (name, Some(number)),
        _ => (entry, None),
    };
    if wanted.is_some_and(|wanted| wanted.parse() != Ok(port)) {
        return false;
    }
    let name = name.trim_matches(['[', ']']);
    if let Ok(listed) = name.parse::<IpAddr>() {
        return address == Some(listed);
    }
    // `example.com` matches itself and its subdomains; `.example.com` and `*.example.com` match only its subdomains.
    let name = name.strip_prefix('*').unwrap_or(name);
    let below = |domain: &str| host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
    match name.strip_prefix('.') {
        Some(domain) => !domain.is_empty() && below(domain),
        None => !name.is_empty() && (host == name || below(name)),
    }
}

/// Returns whether an address shares the first `bits` bits of a network.
fn is_within(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) if bits <= 32 => {
            let other = address.to_bits() ^ network.to_bits();
            other.leading_zeros() >= bits
        }
        (IpAddr::V6(address), IpAddr::V6(network)) if bits <= 128 => {
            let other = address.to_bits() ^ network.to_bits();
            other.leading_zeros() >= bits
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks the proxy for `server` with these variables, as it is printed.
    fn check(server: &str, variables: &[(&str, &str)], expected: Result<Option<&str>, &str>) {
        let variable = |wanted: &str| {
            let found = variables.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, value)| (*value).to_owned())
        };
        let proxy = Proxy::of(&server.parse().unwrap(), None, variable);
        let proxy = proxy.map(|proxy| proxy.map(|proxy| proxy.to_string()));
        assert_eq!(
            proxy.as_ref().map(Option::as_deref).map_err(String::as_str),
            expected,
            "{server} {variables:?}"
        );
    }

    #[test]
    fn the_variables_of_kubectl_are_honoured() {
        let server = "https://api.example.com:6443";
        let upper = ("HTTPS_PROXY", "http://proxy:3128");
        let lower = ("https_proxy", "proxy.lower:3128");
        check(server, &[], Ok(None));
        check(server, &[("HTTPS_PROXY", "")], Ok(None));
        check(
            server,
            &[lower, upper],
            Ok(Some("http://proxy:3128 (HTTPS_PROXY)")),
        );
        check(
            server,
            &[lower],
            Ok(Some("http://proxy.lower:3128 (https_proxy)")),
        );
        check(
            server,
            &[("HTTP_PROXY", "proxy"), ("ALL_PROXY", "proxy")],
            Ok(None),
        );
        check(
            "http://api:8080",
            &[("HTTP_PROXY", "proxy:1")],
            Ok(Some("http://proxy:1 (HTTP_PROXY)")),
        );
        check(
            server,
            &[("HTTPS_PROXY", "socks5://u:p@proxy:1080")],
            Ok(Some("socks5://proxy:1080 (HTTPS_PROXY)")),
        );
        check(server, &[upper, ("no_proxy", "example.com")], Ok(None));
        check(
            server,
            &[("HTTPS_PROXY", "http://a b")],
            Err("HTTPS_PROXY is not the URL of a proxy"),
        );
        check(
            server,
            &[("HTTPS_PROXY", "ftp://u:secret@proxy")],
            Err("HTTPS_PROXY has the unsupported scheme `ftp`; use an `http` or `socks5` proxy"),
        );
    }

    #[test]
    fn loopback_and_what_no_proxy_lists_are_reached_directly() {
        for (server, exceptions, is_listed) in [
            ("https://localhost:6443", "", true),
            ("https://127.0.0.2:6443", "", true),
            ("https://[::1]:6443", "", true),
            ("https://api.example.com", "", false),
            ("https://api.example.com", "*", true),
            ("https://api.example.com", "other.com, example.com", true),
            ("https://API.example.com", "api.Example.com", true),
            ("https://notexample.com", "example.com", false),
            ("https://example.com", ".example.com", false),
            ("https://example.com", "*.example.com", false),
            ("https://api.example.com", "*.example.com", true),
            ("https://api.example.com", ".example.com", true),
            ("https://api.example.com", "example.com:443", true),
            ("https://api.example.com:6443", "example.com:443", false),
            ("https://api.example.com:6443", "example.com:6443", true),
            ("https://10.1.2.3:6443", "10.0.0.0/8", true),
            ("https://11.1.2.3:6443", "10.0.0.0/8", false),
            ("https://11.1.2.3:6443", "0.0.0.0/0", true),
            ("https://10.1.2.3:6443", "10.1.2.3", true),
            ("https://10.1.2.3:6443", "10.1.2.3:6443", true),
            ("https://10.1.2.3:6443", "10.1.2.3:443", false),
            ("https://[fd00::5]:6443", "fd00::/16", true),
            ("https://[fd00::5]:6443", "[fd00::5]:6443", true),
            ("https://[fd00::5]:6443", "fd00::5", true),
            ("https://api.example.com", " , .,:,/8,", false),
        ] {
            let found = is_direct(&server.parse().unwrap(), exceptions);
            assert_eq!(found, is_listed, "{server} {exceptions}");
        }
    }

    #[test]
    fn proxy_url_comes_first_and_ignores_no_proxy() {
        let variable = |name: &str| Some(if name == "NO_PROXY" { "*" } else { "http://other" }.to_owned());
        let proxy = Proxy::of(
            &"https://127.0.0.1:6443".parse().unwrap(),
            Some("http://proxy:1"),
            variable,
        );
        assert_eq!(proxy.unwrap().unwrap().to_string(), "http://proxy:1 (proxy-url)");
    }

    #[test]
    fn credentials_are_sent_decoded_and_never_shown() {
        let proxy = Proxy::parse("HTTPS_PROXY", "http://ann:p%40ss@proxy:3128").unwrap();
        assert_eq!(proxy.authorization().unwrap(), "Basic YW5uOnBAc3M=");
        assert_eq!(format!("{proxy} {proxy:?}").matches("ann").count(), 0);
    }
}
