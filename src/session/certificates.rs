//! Certificates (证书): who gets which number.

use super::SessionError;
use crate::exam::{CertificateScheme, Level};
use crate::sheet::TicketNumber;
use crate::store::{Certificate, Registered};
use std::collections::{BTreeMap, BTreeSet};

/// The certificates of everybody who passed, in their order: whoever has one that is in force keeps it, the others get the next serials.
/// Then the numbers that are revoked, because their holders no longer pass.
///
/// # Errors
///
/// [`SessionError::CertificatesExhausted`].
pub(super) fn allot<'t>(
    scheme: &CertificateScheme,
    issued: &str,
    register: &[Registered],
    passed: impl IntoIterator<Item = (&'t TicketNumber, Level)>,
) -> Result<(Vec<Certificate>, Vec<String>), SessionError> {
    let in_force = register.iter().filter(|line| line.revoked.is_none()).map(|line| &line.certificate);
    let mut held: BTreeMap<&str, &Certificate> = in_force.map(|c| (c.ticket.as_str(), c)).collect();
    // Numbers that differ in their serial alone share it, of whatever level they are.
    let mut last: BTreeMap<(String, String), u32> = BTreeMap::new();
    let mut taken: BTreeSet<&str> = register.iter().map(|r| r.certificate.number.as_str()).collect();
    taken.retain(|number| !number.is_empty());
    let mut out = Vec::new();
    for (ticket, level) in passed {
        if let Some(kept) = held.remove(ticket.as_str()) {
            out.push(kept.clone());
            continue;
        }
        let around = scheme.around(issued, level);
        let known = |around: &(String, String)| {
            taken.iter().filter_map(|number| scheme.serial(number, around)).max().unwrap_or(0)
        };
        let last = last.entry(around).or_insert_with_key(known);
        let serial = (*last + 1).max(scheme.first_of(level));
        let number = scheme.number(issued, level, serial).ok_or(SessionError::CertificatesExhausted {
            level: level.word(),
            serial,
            last: scheme.last(),
        })?;
        *last = serial;
        out.push(Certificate { number, ticket: ticket.to_string(), issued: issued.to_owned() });
    }
    Ok((out, held.into_values().map(|c| c.number.clone()).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exam::NumberPart;

    fn scheme(width: u8, by_level: bool) -> CertificateScheme {
        let mut parts = vec![NumberPart::Year(2), NumberPart::Text("1405".into())];
        if by_level {
            parts.push(NumberPart::Level);
        }
        parts.push(NumberPart::Serial(width));
        CertificateScheme { parts, first: BTreeMap::from([(Level::Four, 7)]), issued: None }
    }

    fn ticket(n: u32) -> TicketNumber {
        format!("26{n:08}").parse().unwrap()
    }

    fn registered(certificates: &[Certificate], revoked: &[&str]) -> Vec<Registered> {
        let line = |certificate: &Certificate| Registered {
            certificate: certificate.clone(),
            publication: 1,
            revoked: revoked.contains(&certificate.number.as_str()).then(|| (2, "更正".to_owned())),
        };
        certificates.iter().map(line).collect()
    }

    #[test]
    fn who_has_one_keeps_it_and_no_number_comes_again() {
        let scheme = scheme(5, true);
        let (one, two, three) = (ticket(1), ticket(2), ticket(3));
        let (first, revoked) =
            allot(&scheme, "2026-12-15", &[], [(&one, Level::Four), (&two, Level::Four)]).unwrap();
        let numbers = |all: &[Certificate]| all.iter().map(|c| c.number.clone()).collect::<Vec<_>>();
        assert_eq!((numbers(&first), revoked), (vec!["261405400007".into(), "261405400008".into()], vec![]));
        // The second fails after all, the third passes; a year later.
        let register = registered(&first, &[]);
        let (second, revoked) =
            allot(&scheme, "2026-12-20", &register, [(&one, Level::Four), (&three, Level::Four)]).unwrap();
        assert_eq!(numbers(&second), ["261405400007", "261405400009"]);
        assert_eq!((second[0].issued.as_str(), second[1].issued.as_str()), ("2026-12-15", "2026-12-20"));
        assert_eq!(revoked, ["261405400008"]);
        // The second passes again: the revoked number stays revoked.
        let all: Vec<_> = first.iter().chain(&second[1..]).cloned().collect();
        let register = registered(&all, &["261405400008"]);
        let (third, revoked) = allot(&scheme, "2026-12-21", &register, [(&two, Level::Four)]).unwrap();
        assert_eq!(numbers(&third), ["261405400010"]);
        assert_eq!(revoked, ["261405400007", "261405400009"]);
    }

    #[test]
    fn levels_have_serials_of_their_own_only_where_the_number_says_the_level() {
        let (one, two) = (ticket(1), ticket(2));
        let both = [(&one, Level::Four), (&two, Level::Five)];
        let numbers = |by_level| {
            let (all, _) = allot(&scheme(3, by_level), "2026-12-15", &[], both).unwrap();
            all.into_iter().map(|c| c.number).collect::<Vec<_>>()
        };
        assert_eq!(numbers(true), ["2614054007", "2614055001"]);
        assert_eq!(numbers(false), ["261405007", "261405008"]);
    }

    #[test]
    fn beyond_the_last_serial_is_an_error() {
        let tickets: Vec<TicketNumber> = (1..=4).map(ticket).collect();
        let passed = |n: usize| tickets[..n].iter().map(|t| (t, Level::Four));
        assert_eq!(allot(&scheme(1, true), "2026-12-15", &[], passed(3)).unwrap().0.len(), 3);
        let error = allot(&scheme(1, true), "2026-12-15", &[], passed(4)).unwrap_err();
        assert!(
            matches!(error, SessionError::CertificatesExhausted { level: "四级", serial: 10, last: 9 }),
            "{error}"
        );
    }
}
