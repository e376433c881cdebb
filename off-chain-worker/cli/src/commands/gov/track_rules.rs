//! Changes of a track's rules, as options.

use super::list;
use crate::values;
use inktensor_primitives::{
    governance::{Curve, Track, TrackRules},
    Bps, Rao,
};

/// Millionths of a basis point.
const PER_BPS: u32 = 100;
/// The form of a curve.
const FORM: &str = "PERCENT,PERCENT@BLOCK,PERCENT@BLOCK, as in 80,65@14400,50@50400";

/// A change of one rule of a track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackChange {
    /// The track.
    pub track: Track,
    field: Field,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Field {
    Deposit(Rao),
    Places(u16),
    Lead(u16),
    Decide(u32),
    Confirm(u32),
    Delay(u32),
    Window(u32),
    Approval(Curve),
    Support(Curve),
}

impl TrackChange {
    /// Returns `rules` with this change.
    pub fn applied_to(&self, rules: TrackRules) -> TrackRules {
        let mut rules = rules;
        match &self.field {
            Field::Deposit(it) => rules.deposit = *it,
            Field::Places(it) => rules.places = *it,
            Field::Lead(it) => rules.lead = *it,
            Field::Decide(it) => rules.decide = *it,
            Field::Confirm(it) => rules.confirm = *it,
            Field::Delay(it) => rules.delay = *it,
            Field::Window(it) => rules.window = *it,
            Field::Approval(it) => rules.approval = *it,
            Field::Support(it) => rules.support = *it,
        }
        rules
    }
}

/// Parses `TRACK:FIELD=VALUE`.
pub fn change(text: &str) -> Result<TrackChange, String> {
    let form = || "expected TRACK:FIELD=VALUE, as in parameter:deposit=200".to_owned();
    let (track, rest) = text.split_once(':').ok_or_else(form)?;
    let (name, value) = rest.split_once('=').ok_or_else(form)?;
    let track = list::track(track)?;
    let named = |problem: String| format!("{name}: {problem}");
    let small = || values::whole::<u16>(0..=u16::MAX.into())(value).map_err(named);
    let blocks = || values::whole::<u32>(0..=u32::MAX.into())(value).map_err(named);
    let field = match name {
        "deposit" => Field::Deposit(values::some_tao(value).map_err(named)?),
        "places" => Field::Places(small()?),
        "lead" => Field::Lead(small()?),
        "decide" => Field::Decide(blocks()?),
        "confirm" => Field::Confirm(blocks()?),
        "delay" => Field::Delay(blocks()?),
        "window" => Field::Window(blocks()?),
        "approval" => Field::Approval(curve(value).map_err(named)?),
        "support" => Field::Support(curve(value).map_err(named)?),
        _ => {
            return Err(format!(
                "there is no field {name:?}; the fields are deposit, places, lead, decide, \
                 confirm, delay, window, approval and support"
            ));
        }
    };
    Ok(TrackChange { track, field })
}

fn curve(text: &str) -> Result<Curve, String> {
    let parts: Vec<&str> = text.split(',').collect();
    let [start, middle, floor] = parts.as_slice() else {
        return Err(format!("expected {FORM}"));
    };
    let point = |text: &str| {
        let (part, block) = text
            .split_once('@')
            .ok_or_else(|| format!("expected {FORM}"))?;
        let block = values::whole::<u32>(0..=u32::MAX.into())(block)?;
        Ok::<_, String>((millionths(part)?, block))
    };
    let ((middle, middle_at), (floor, floor_at)) = (point(middle)?, point(floor)?);
    Ok(Curve {
        start: millionths(start)?,
        middle,
        floor,
        middle_at,
        floor_at,
    })
}

fn millionths(text: &str) -> Result<u32, String> {
    Ok(u32::from(values::percent(text, Bps::ONE)?.0) * PER_BPS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_rule_is_changed() {
        let rules = Track::Parameter.default_rules();
        let new = change("parameter:deposit=200").unwrap().applied_to(rules);
        assert_eq!(new.deposit, Rao::from_tao(200));
        assert_eq!(new.decide, rules.decide);
        let new = change("parameter:approval=80,65@14400,0.5%@50400").unwrap();
        let new = new.applied_to(rules).approval;
        assert_eq!(
            (new.start, new.middle, new.floor),
            (800_000, 650_000, 5_000)
        );
        assert_eq!((new.middle_at, new.floor_at), (14_400, 50_400));
    }

    #[test]
    fn a_rule_that_cannot_be_says_what_is_expected() {
        for (text, said) in [
            ("parameter", "TRACK:FIELD=VALUE"),
            ("colour:deposit=1", "expected a track"),
            ("rules:colour=1", "the fields are"),
            ("rules:lead=x", "lead: "),
            ("rules:approval=80", "approval: expected PERCENT"),
        ] {
            let problem = change(text).unwrap_err();
            assert!(problem.contains(said), "{problem}");
        }
    }
}
