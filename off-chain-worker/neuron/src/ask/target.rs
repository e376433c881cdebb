//! The neurons that can be asked, and one question to one of them.

use super::{receipt::AnswerReceipt, UserError};
use crate::{
    answering::ASK,
    fetch::speaks,
    view::{Permitted, Served},
};
use inktensor_primitives::{AccountId, Uid};
use inktensor_wire::{Client, Context, Endpoint, Media, Outcome, Path};
use std::{cmp::Reverse, time::Duration};
use thiserror::Error;

/// Most bytes of a refusal's reason that are shown.
const MAX_REASON: usize = 200;
/// The status of a refusal that is the question's fault: another neuron would refuse it too.
pub const BAD_QUESTION: u16 = 400;

/// A neuron that can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The uid.
    pub uid: Uid,
    /// The generation of the neuron on the uid.
    pub generation: u32,
    /// The hotkey.
    pub hotkey: AccountId,
    /// The endpoint.
    pub endpoint: Endpoint,
}

impl Target {
    fn of(neuron: &Served) -> Option<Self> {
        let axon = neuron.axon.as_ref().filter(|_| speaks(neuron))?;
        Some(Self {
            uid: neuron.view.uid,
            generation: neuron.view.neuron.generation,
            hotkey: neuron.view.neuron.hotkey,
            endpoint: Endpoint::from(axon),
        })
    }
}

/// Returns true for a neuron that answers questions: it has incentive, or no permit. Pay that a
/// miner collects is stake, so a miner may have a permit too.
fn is_miner(neuron: &Served, permitted: &[Permitted]) -> bool {
    let has_permit = permitted.iter().any(|it| it.uid == neuron.view.uid);
    neuron.view.score.incentive > 0 || !has_permit
}

/// Returns the miners of a subnet that can be asked, those with most incentive first.
pub fn miners(neurons: &[Served], permitted: &[Permitted]) -> Vec<Target> {
    let miners = neurons.iter().filter(|it| is_miner(it, permitted));
    let mut miners: Vec<(u16, Target)> = miners
        .filter_map(|it| Some((it.view.score.incentive, Target::of(it)?)))
        .collect();
    miners.sort_by_key(|(incentive, it)| (Reverse(*incentive), it.uid));
    miners.into_iter().map(|(_, it)| it).collect()
}

/// Returns the validators of a subnet that can be asked, those with most stake first.
pub fn validators(neurons: &[Served], permitted: &[Permitted]) -> Vec<Target> {
    let mut validators: Vec<_> = permitted
        .iter()
        .filter_map(|holder| {
            let neuron = neurons.iter().find(|it| it.view.uid == holder.uid)?;
            if is_miner(neuron, permitted) {
                return None;
            }
            Some((holder.stake, Target::of(neuron)?))
        })
        .collect();
    validators.sort_by_key(|(stake, it)| (Reverse(*stake), it.uid));
    validators.into_iter().map(|(_, it)| it).collect()
}

/// A reason for which a neuron gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unanswered {
    /// The question is not one that the task answers. The text is the neuron's.
    #[error("{0}")]
    BadQuestion(String),
    /// The neuron refused for another reason.
    #[error("refused with status {status}: {reason}")]
    Refused {
        /// The status.
        status: u16,
        /// The neuron's text.
        reason: String,
    },
    /// The neuron gave no signed answer, or one that does not hold.
    #[error("{0}")]
    Failed(String),
}

impl Unanswered {
    /// Returns the reason of a signed refusal.
    fn of(status: u16, body: &[u8]) -> Self {
        let text = body.get(..MAX_REASON).unwrap_or(body);
        let reason = plain(String::from_utf8_lossy(text).trim_end());
        match status {
            BAD_QUESTION => Self::BadQuestion(reason),
            _ => Self::Refused { status, reason },
        }
    }
}

/// Returns a text from outside for a terminal: control characters are escaped, quotes are not.
pub fn plain(text: &str) -> String {
    let escaped = text.escape_debug().to_string();
    // Each quote stands behind the backslash that escapes it.
    let quoted = escaped.replace("\\'", "'").replace("\\\"", "\"");
    quoted.replace("\\\\", "\\")
}

/// Asks one neuron. The inner error is the reason for which there is no answer.
///
/// # Errors
/// If the question cannot be sent.
pub async fn ask_target(
    client: &Client,
    target: &Target,
    context: &Context,
    question: &[u8],
    deadline: Duration,
) -> Result<Result<AnswerReceipt, Unanswered>, UserError> {
    let exchange = client
        .ask(
            &target.endpoint,
            context,
            &Path::new(ASK)?,
            Media::Json,
            question.to_vec(),
            deadline,
        )
        .await?;
    Ok(match exchange.outcome {
        Outcome::Signed(answered) => Ok(AnswerReceipt {
            uid: target.uid,
            asked: exchange.request,
            answered,
        }),
        Outcome::Refused(refusal) => Err(Unanswered::of(
            refusal.status,
            refusal.body().unwrap_or_default(),
        )),
        Outcome::Silent { millis } => Err(Unanswered::Failed(match exchange.cause {
            Some(cause) => cause.to_string(),
            None => format!("silent for {millis} ms"),
        })),
        Outcome::Unsigned { status } => Err(Unanswered::Failed(match exchange.cause {
            Some(cause) => cause.to_string(),
            None => format!("status {status} without a signature"),
        })),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::testing::served;
    use inktensor_primitives::Rao;

    #[test]
    fn a_neuron_with_incentive_is_a_miner_whatever_its_permit() {
        // By uid: a miner, one with a permit, a newcomer, and two validators.
        let mut neurons: Vec<Served> = (1..=5).map(served).collect();
        for (neuron, incentive) in neurons.iter_mut().zip([10, 30, 0, 0, 0]) {
            neuron.view.score.incentive = incentive;
        }
        let permit = |uid: u16, stake: u64| Permitted {
            uid: Uid(uid),
            neuron: served(uid).view.neuron,
            stake: Rao(stake),
        };
        let permitted = [permit(2, 900), permit(4, 100), permit(5, 500)];
        let uids = |targets: Vec<Target>| targets.iter().map(|it| it.uid.0).collect::<Vec<_>>();
        assert_eq!(uids(miners(&neurons, &permitted)), [2, 1, 3]);
        assert_eq!(uids(validators(&neurons, &permitted)), [5, 4]);
        // Nothing is asked where nothing of the protocol is served.
        neurons[1].axon = None;
        neurons[4].axon = None;
        assert_eq!(uids(miners(&neurons, &permitted)), [1, 3]);
        assert_eq!(uids(validators(&neurons, &permitted)), [4]);
    }

    #[test]
    fn text_of_others_is_readable_and_harmless() {
        assert_eq!(plain("it's a \"quoted\" boat"), "it's a \"quoted\" boat");
        assert_eq!(plain("a\\'b\\n"), "a\\'b\\n");
        assert_eq!(plain("\u{1b}[2J\n\u{202e}"), "\\u{1b}[2J\\n\\u{202e}");
    }

    #[test]
    fn a_refusal_that_is_the_questions_fault_is_one_plain_line() {
        let reason = "the text is over 128 tokens or 8192 bytes; split it\n";
        let refused = Unanswered::of(400, reason.as_bytes());
        assert!(matches!(&refused, Unanswered::BadQuestion(_)));
        assert_eq!(refused.to_string(), reason.trim_end());
        let other = Unanswered::of(503, b"ask again in 3 s");
        assert_eq!(
            other.to_string(),
            "refused with status 503: ask again in 3 s"
        );
    }
}
