//! Bounds on a share of which only a sample was seen.
//!
//! C. J. Clopper and E. S. Pearson, "The use of confidence or fiducial limits illustrated in the case of the
//! binomial" (1934, doi:10.1093/biomet/26.4.404).

/// The largest share of errors that a sample of `of` with `errors` errors leaves believable: were it larger, so few
/// errors would come up in fewer than one of twenty samples (upper 95 % bound). Without any error it is close to 3/`of`.
/// 1 if nothing was looked at.
#[must_use]
pub fn most_likely_errors(errors: u64, of: u64) -> f64 {
    upper(errors, of, 0.05)
}

/// The 95 % interval of the share of which `hits` of `of` were seen: both ends, 0..=1.
#[must_use]
pub fn held_interval(hits: u64, of: u64) -> (f64, f64) {
    // The lower end is the upper end for the others.
    let lower = if hits == 0 { 0.0 } else { 1.0 - upper(of.saturating_sub(hits), of, 0.025) };
    (lower, upper(hits, of, 0.025))
}

/// The share p at which `hits` or fewer of `of` have the probability `tail`.
fn upper(hits: u64, of: u64, tail: f64) -> f64 {
    if hits >= of {
        return 1.0;
    }
    // P(X ≤ k) falls from 1 to 0 as p grows; it is 1 − I_p(k + 1, n − k).
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..100 {
        let p = f64::midpoint(low, high);
        let at_most = 1.0 - incomplete_beta((hits + 1) as f64, (of - hits) as f64, p);
        if at_most > tail { low = p } else { high = p }
    }
    f64::midpoint(low, high)
}

/// The regularised incomplete beta function `I_x(a, b)`, by Lentz's method for its continued fraction (DLMF 8.17.22).
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    // The fraction converges fast below the mean; beyond it the other tail is taken.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(b, a, 1.0 - x);
    }
    let front = libm::exp(
        libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b) + a * libm::log(x) + b * libm::log1p(-x),
    );
    let tiny = 1e-300;
    let not_zero = |v: f64| if v.abs() < tiny { tiny } else { v };
    let mut c = 1.0;
    let mut d = 1.0 / not_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut h = d;
    for m in 1..10_000 {
        let m = f64::from(m);
        for step in [
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)),
        ] {
            d = 1.0 / not_zero(1.0 + step * d);
            c = not_zero(1.0 + step / c);
            h *= d * c;
        }
        if (d * c - 1.0).abs() < 1e-14 {
            break;
        }
    }
    front * h / a
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(value: f64, expected: f64) {
        assert!((value - expected).abs() < 1e-4 * expected.max(1e-3), "{value} is not {expected}");
    }

    #[test]
    fn no_error_in_n_leaves_about_three_in_n() {
        // 1 − 0.05^(1/n), which is known in closed form.
        for n in [10u64, 100, 3_000, 1_000_000] {
            let exact = 1.0 - libm::pow(0.05, 1.0 / n as f64);
            near(most_likely_errors(0, n), exact);
        }
        near(most_likely_errors(0, 300_000), 2.9957 / 300_000.0);
        near(most_likely_errors(0, 0), 1.0);
    }

    #[test]
    fn intervals_are_those_of_the_tables() {
        // Clopper and Pearson's own example has 10 of 50.
        let (low, high) = held_interval(10, 50);
        near(low, 0.100_300_6);
        near(high, 0.337_183_1);
        assert!(held_interval(0, 20).0 <= 0.0);
        near(held_interval(0, 20).1, 0.168_433_5);
        near(held_interval(20, 20).0, 1.0 - 0.168_433_5);
        assert!(held_interval(20, 20).1 >= 1.0);
    }

    #[test]
    fn a_bound_lies_above_what_was_seen_and_falls_with_more_sheets() {
        for (k, n) in [(1, 100), (7, 1000), (400, 1000), (3, 2_000_000)] {
            let share = k as f64 / n as f64;
            let (low, high) = held_interval(k, n);
            assert!(low < share && share < most_likely_errors(k, n) && most_likely_errors(k, n) < high);
            assert!(most_likely_errors(10 * k, 10 * n) < most_likely_errors(k, n));
        }
    }
}
