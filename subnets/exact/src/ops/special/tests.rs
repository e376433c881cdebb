use super::*;

/// Visits values of all signs and exponents: every bit pattern that is a multiple of a prime.
fn sweep(mut visit: impl FnMut(f32)) {
    for bits in (0..=u32::MAX).step_by(20_011) {
        visit(f32::from_bits(bits));
    }
}

#[test]
fn exp_is_close_over_its_range() {
    let mut worst = 0f64;
    sweep(|x| {
        if (EXP_LEAST..=EXP_MOST).contains(&x) {
            let right = f64::from(x).exp();
            worst = worst.max(((f64::from(exp(x)) - right) / right).abs());
        }
    });
    for step in -87_000..=88_000 {
        let x = (step as f32 * 0.001).clamp(EXP_LEAST, EXP_MOST);
        let right = f64::from(x).exp();
        worst = worst.max(((f64::from(exp(x)) - right) / right).abs());
    }
    assert!(worst < 1.2e-7, "{worst:e}");
}

#[test]
fn exp_saturates_outside_of_its_range() {
    assert_eq!(exp(0.0), 1.0);
    assert_eq!(exp(-87.1), 0.0);
    assert_eq!(exp(f32::NEG_INFINITY), 0.0);
    assert_eq!(exp(f32::INFINITY), exp(EXP_MOST));
    assert!(exp(EXP_MOST).is_finite());
    assert!(exp(f32::NAN).is_nan());
}

#[test]
fn ln_is_close_over_all_positive_values() {
    let mut worst = 0f64;
    sweep(|x| {
        if x > 0.0 && x.is_finite() {
            let right = f64::from(x).ln();
            worst = worst.max((f64::from(ln(x)) - right).abs() / right.abs().max(1.0));
        }
    });
    for step in 1..200_000 {
        let x = step as f32 * 0.0001;
        let right = f64::from(x).ln();
        worst = worst.max((f64::from(ln(x)) - right).abs() / right.abs().max(1.0));
    }
    assert!(worst < 1.2e-7, "{worst:e}");
    assert_eq!(ln(1.0), 0.0);
}

#[test]
fn ln_outside_of_its_domain_is_not_finite() {
    assert_eq!(ln(0.0), f32::NEG_INFINITY);
    assert_eq!(ln(-0.0), f32::NEG_INFINITY);
    assert_eq!(ln(f32::INFINITY), f32::INFINITY);
    assert!(ln(-1.0).is_nan());
    assert!(ln(-1e-42).is_nan());
    assert!(ln(f32::NAN).is_nan());
}

#[test]
fn erf_is_close_and_odd() {
    let mut worst = 0f64;
    let mut check = |x: f32| {
        worst = worst.max((f64::from(erf(x)) - libm::erf(f64::from(x))).abs());
        assert_eq!(erf(-x).to_bits(), (-erf(x)).to_bits(), "{x}");
    };
    sweep(|x| {
        if !x.is_nan() {
            check(x);
        }
    });
    for step in 0..100_000 {
        check(step as f32 * 0.000_05);
    }
    assert!(worst < 1.6e-7, "{worst:e}");
    assert_eq!(erf(f32::INFINITY), 1.0);
    assert!(erf(f32::NAN).is_nan());
}

#[test]
fn sqrt_is_rounded_to_nearest() {
    sweep(|x| {
        let (own, right) = (sqrt(x), x.sqrt());
        assert!(
            own.to_bits() == right.to_bits() || own.is_nan() && right.is_nan(),
            "{x}"
        );
    });
}
