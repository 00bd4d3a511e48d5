//! Signs the certificates. Pure except for the random keys.

use std::net::{IpAddr, Ipv4Addr};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, SanType, date_time_ymd,
};

use super::{Authority, Certificate};

/// Creates all files of the directory, as names and PEM text.
pub(super) fn all(
    now: jiff::Timestamp,
    valid_until: jiff::Timestamp,
) -> Result<Vec<(String, String)>, rcgen::Error> {
    let validity = Validity { now, valid_until };
    let mut files = Vec::new();
    for authority in Authority::ALL {
        let key = KeyPair::generate()?;
        let parameters = validity.authority(authority);
        files.push((
            format!("{}.crt", authority.name()),
            parameters.self_signed(&key)?.pem(),
        ));
        // The authority's key is never stored: new certificates come with a new authority.
        let issuer = Issuer::new(parameters, key);
        for certificate in Certificate::ALL
            .into_iter()
            .filter(|certificate| certificate.signed_by() == authority)
        {
            let key = KeyPair::generate()?;
            let pem = match certificate {
                Certificate::ServiceAccount => key.public_key_pem(),
                signed => validity.certificate(signed)?.signed_by(&key, &issuer)?.pem(),
            };
            files.push((certificate.certificate_name(), pem));
            files.push((certificate.key_name(), key.serialize_pem()));
        }
    }
    Ok(files)
}

struct Validity {
    now: jiff::Timestamp,
    valid_until: jiff::Timestamp,
}

impl Validity {
    fn authority(&self, authority: Authority) -> CertificateParams {
        let mut parameters = self.parameters(&format!("sandbox-{}", authority.name()), None);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        parameters
    }

    fn certificate(&self, certificate: Certificate) -> Result<CertificateParams, rcgen::Error> {
        let mut parameters = self.parameters(certificate.common_name(), certificate.organization());
        parameters.use_authority_key_identifier_extension = true;
        parameters.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyEncipherment,
        ];
        let (server, client) = (
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        );
        parameters.extended_key_usages = match certificate {
            Certificate::ApiServer => vec![server],
            Certificate::Etcd | Certificate::ControllerManager | Certificate::Scheduler => {
                vec![server, client]
            }
            _ => vec![client],
        };
        if parameters
            .extended_key_usages
            .contains(&ExtendedKeyUsagePurpose::ServerAuth)
        {
            parameters.subject_alt_names = vec![
                SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)),
                // The address of the Service `kubernetes` is the first of the range.
                SanType::IpAddress(IpAddr::V4(Ipv4Addr::new(10, 96, 0, 1))),
                SanType::DnsName("localhost".try_into()?),
                SanType::DnsName("kubernetes.default.svc".try_into()?),
            ];
        }
        Ok(parameters)
    }

    fn parameters(&self, common_name: &str, organization: Option<&str>) -> CertificateParams {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = DistinguishedName::new();
        parameters
            .distinguished_name
            .push(DnType::CommonName, common_name);
        if let Some(organization) = organization {
            parameters
                .distinguished_name
                .push(DnType::OrganizationName, organization);
        }
        // A day of tolerance for clock skew.
        let start = self.now - jiff::SignedDuration::from_hours(24);
        let ((year, month, day), (last_year, last_month, last_day)) = (date(start), date(self.valid_until));
        parameters.not_before = date_time_ymd(year, month, day);
        parameters.not_after = date_time_ymd(last_year, last_month, last_day);
        parameters
    }
}

/// The date in UTC, as rcgen expects it.
fn date(time: jiff::Timestamp) -> (i32, u8, u8) {
    let date = time.to_zoned(jiff::tz::TimeZone::UTC).date();
    (
        i32::from(date.year()),
        date.month().unsigned_abs(),
        date.day().unsigned_abs(),
    )
}
