//! How JaaS signs its webhooks.
//!
//! `X-Jaas-Signature` is `t=` and a timestamp, `v1=` and the HMAC-SHA256, in base64, of that timestamp,
//! `.` and the body, under the secret of the endpoint; there may be several `v1`, and what is none of
//! the two does not count (`developer.8x8.com/jaas/docs/webhooks-signatures`). The documented
//! timestamps are seconds.

use crate::signature::{Checked, Delivery, Refused, Scheme, Secret, TOLERANCE_MS};
use crate::signature::{fits_sha256, from_base64, moment, within};

/// The scheme of JaaS webhooks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JaasSignature;

const SIGNATURE: &str = "X-Jaas-Signature";

/// How many signatures one header may have: JaaS sends one, and two while a secret is being changed.
const SIGNATURES: usize = 8;

impl Scheme for JaasSignature {
    fn name(&self) -> &'static str {
        "jaas"
    }

    fn secret(&self) -> &'static str {
        "the signing secret of the endpoint (whsec_...), in the console under Webhooks"
    }

    fn proof(&self) -> &'static str {
        "X-Jaas-Signature: HMAC-SHA256 of its timestamp and the body"
    }

    fn open(&self) -> &'static str {
        "the address: a delivery to one hook fits another with the same secret"
    }

    fn holds_ms(&self) -> Option<i64> {
        Some(TOLERANCE_MS)
    }

    fn check(&self, delivery: &Delivery<'_>, secret: &Secret) -> Result<Checked, Refused> {
        let form = Refused::Form { place: SIGNATURE, want: "t=, a timestamp, v1= and a signature in base64" };
        let header = delivery.header(SIGNATURE)?;
        let named = |wanted: &'static str| {
            let elements = header.split(',').filter_map(|element| element.trim().split_once('='));
            elements.filter(move |(name, _)| *name == wanted).map(|(_, value)| value)
        };
        let mut timestamps = named("t");
        let (Some(timestamp), None) = (timestamps.next(), timestamps.next()) else { return Err(form) };
        let signed = moment(timestamp, SIGNATURE)?;
        let signatures: Option<Vec<_>> = named("v1").take(SIGNATURES).map(from_base64).collect();
        let signatures = signatures.filter(|signatures| !signatures.is_empty()).ok_or(form)?;
        let parts = [timestamp.as_bytes(), b".", delivery.body];
        if !signatures.iter().any(|signature| fits_sha256(secret.bytes(), &parts, signature)) {
            return Err(Refused::Unfit { place: SIGNATURE, signed: "the body or the timestamp" });
        }
        within(signed, delivery.at)?;
        Ok(Checked::Read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::trial::{check, sign_base64};

    /// The example of the documentation.
    const SECRET: &str = "whsec_9635df66714a4cf088ee9d0979dd3bf6";
    const HEADER: &str = "t=1632490060,v1=xlzqEojlh4qb21sQpXYsWgyK8x9HVpz+RQldsv18rV0=";
    const AT: i64 = 1_632_490_060;
    const BODY: &str = r#"{"eventType":"PARTICIPANT_JOINED","sessionId":"9a441d60-ceaf-4eba-b0a8-a7d940a76e1b","timestamp":1632490058278,"fqn":"vpaas-magic-cookie-96f0941768964ab380ed0fbada7a502f/sampleappromanticshiftsstripas","idempotencyKey":"9e9e7420-562d-4659-8e22-44b9b22aaa49","customerId":"96f0941768964ab380ed0fbada7a502f","appId":"vpaas-magic-cookie-96f0941768964ab380ed0fbada7a502f","data":{"avatar":"","name":"Test User","id":"auth0|5f903d7a77f3b4006eb8e67d","participantJid":"fc1ea14a-9bca-4218-a563-8c627e803d56@8x8.vc","moderator":true,"email":"test.user@company.com"}}"#;

    fn with(header: &str, body: &str, at_s: i64) -> Result<Checked, Refused> {
        check(
            &JaasSignature,
            "https://a.example/h",
            &[("x-jaas-signature", header)],
            body.as_bytes(),
            at_s,
            SECRET,
        )
    }

    #[test]
    fn the_example_of_the_documentation_is_read() {
        assert_eq!(with(HEADER, BODY, AT + 5), Ok(Checked::Read));
        let unfit = Err(Refused::Unfit { place: SIGNATURE, signed: "the body or the timestamp" });
        assert_eq!(with(HEADER, &format!("{BODY} "), AT + 5), unfit);
        assert_eq!(with(&HEADER.replace("060", "061"), BODY, AT + 5), unfit);
        assert_eq!(with(HEADER, BODY, AT + 301), Err(Refused::Old { by_s: 301, most_s: 300 }));
        assert_eq!(with(HEADER, BODY, AT - 999), Err(Refused::Early { by_s: 999, most_s: 300 }));
    }

    #[test]
    fn one_signature_of_several_is_enough_and_only_v1_counts() {
        let other = "xlaqEojlh4qb21sQpXYsWgyK8x9HVpz+RQldsv18rV0=";
        assert_eq!(with(&format!("{HEADER},v1={other}"), BODY, AT), Ok(Checked::Read));
        assert_eq!(with(&format!("v0=x, v1={other} ,{HEADER}"), BODY, AT), Ok(Checked::Read));
        assert!(matches!(with(&HEADER.replace("v1", "v0"), BODY, AT), Err(Refused::Form { .. })));
    }

    #[test]
    fn timestamps_in_milliseconds_are_understood() {
        let signature = sign_base64(format!("1632490060123.{BODY}").as_bytes(), SECRET.as_bytes());
        assert_eq!(with(&format!("t=1632490060123,v1={signature}"), BODY, AT), Ok(Checked::Read));
    }

    #[test]
    fn headers_of_another_form_are_refused() {
        let (_, signature) = HEADER.split_once(',').unwrap();
        for wrong in [
            "",
            ",",
            "t",
            "t=",
            "t=1632490060",
            signature,
            "t=soon,v1=AA==",
            "t=1632490060,v1=",
            "t=1632490060,v1=?",
        ] {
            assert!(with(wrong, BODY, AT).is_err(), "{wrong}");
        }
        let twice = format!("t=1632490060,{HEADER}");
        assert!(matches!(with(&twice, BODY, AT), Err(Refused::Form { .. })));
    }
}
