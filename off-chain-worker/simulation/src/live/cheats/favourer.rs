//! A validator that asks and checks by the rules, and then triples the weight of its own miner.

use super::{Lie, Scene};
use crate::live::{network::NETUID, LiveError};
use inktensor_client::chain::Typed;
use inktensor_neuron::{
    evidence::{
        facts::Facts,
        scoring::{conclude, demanded, Asked, Rules, Scoring},
        seeds::question_seed,
        Evidence, Registration, Standing, ASK_PATH,
    },
    manifest::Manifest,
    program::Program,
};
use inktensor_primitives::{
    registry::{Axon, Registry, ServingView},
    Uid,
};
use inktensor_wire::{Client, Context, Endpoint, Media, Path};
use std::{collections::BTreeMap, num::NonZeroUsize, sync::Arc, time::Duration};
use tokio::{
    runtime::{Builder, Runtime},
    task::JoinSet,
};

/// Factor of the weight of the favoured miner.
const TIMES: u16 = 3;

/// A validator that triples the weight of its own miner.
pub struct Favourer {
    runtime: Runtime,
    client: Arc<Client>,
    program: Arc<dyn Program>,
    manifest: Manifest,
    favoured: Uid,
    /// Averages of its last evidence.
    before: Vec<Standing>,
}

impl Favourer {
    /// Creates a validator that favours the miner on `favoured`.
    ///
    /// # Errors
    /// `Socket`.
    pub fn new(
        client: Client,
        program: Arc<dyn Program>,
        manifest: Manifest,
        favoured: Uid,
    ) -> Result<Self, LiveError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build();
        Ok(Self {
            runtime: runtime.map_err(LiveError::Socket)?,
            client: Arc::new(client),
            program,
            manifest,
            favoured,
            before: Vec::new(),
        })
    }

    /// Asks every question of the epoch at once.
    fn ask(
        &self,
        scene: &Scene,
        facts: &Facts,
        scoring: &Scoring<'_>,
    ) -> Result<Vec<Asked>, LiveError> {
        let by = facts.validator.map(|it| it.generation);
        let path = Path::new(ASK_PATH).map_err(unusable)?;
        let axons = axons(scene)?;
        // A second less than the window: the questions are signed in two different seconds.
        let window = u64::from(self.manifest.window).saturating_sub(1).max(1);
        let mut asking = JoinSet::new();
        let enter = self.runtime.enter();
        for (place, (miner, number)) in demanded(&facts.miners, self.manifest.questions).enumerate()
        {
            let body = scoring.question(miner.seat(), number).map_err(unusable)?;
            let missing = || LiveError::Unusable(format!("uid {} has no endpoint", miner.uid.0));
            let endpoint = axons.get(&miner.uid).map(Endpoint::from);
            let endpoint = endpoint.ok_or_else(missing)?;
            let context = Context {
                home: facts.home,
                netuid: facts.netuid,
                epoch: facts.epoch,
                by,
                to: miner.hotkey,
                seat: miner.generation,
            };
            let (client, path, uid) = (Arc::clone(&self.client), path.clone(), miner.uid);
            asking.spawn(async move {
                let deadline = Duration::from_secs(window);
                let asked = client.ask(&endpoint, &context, &path, Media::Json, body, deadline);
                (place, uid, number, asked.await)
            });
        }
        drop(enter);
        let mut done = BTreeMap::new();
        self.runtime.block_on(async {
            while let Some(joined) = asking.join_next().await {
                let (place, uid, number, asked) = joined.map_err(unusable)?;
                let exchange = asked.map_err(unusable)?;
                let asked = Asked {
                    uid,
                    number,
                    request: exchange.request,
                    outcome: exchange.outcome,
                };
                done.insert(place, asked);
            }
            Ok::<(), LiveError>(())
        })?;
        Ok(done.into_values().collect())
    }
}

impl Lie for Favourer {
    fn evidence(&mut self, scene: &Scene, facts: &Facts) -> Result<Option<Evidence>, LiveError> {
        let head = scene.head(facts)?;
        let validator: Registration = head.validator;
        let questions = question_seed(
            &facts.home,
            facts.netuid,
            facts.epoch,
            &facts.seed_block.hash,
            &validator,
        );
        let program = Arc::clone(&self.program);
        let manifest = self.manifest.clone();
        let scoring = Scoring {
            rules: Rules::Task(program.as_ref()),
            manifest: &manifest,
            questions,
            // All answers are checked.
            checks: None,
            threads: NonZeroUsize::MIN,
        };
        let asked = self.ask(scene, facts, &scoring)?;
        let before = match head.before {
            Some(_) => std::mem::take(&mut self.before),
            None => Vec::new(),
        };
        let mut evidence =
            conclude(head, &facts.miners, asked, &before, &scoring).map_err(unusable)?;
        self.before.clone_from(&evidence.standings);
        evidence.weights = favoured(&evidence.weights, self.favoured);
        Ok(Some(evidence))
    }
}

/// Returns the weights with that of one uid tripled, up to the largest that there is.
fn favoured(weights: &[(Uid, u16)], favoured: Uid) -> Vec<(Uid, u16)> {
    let times = |uid: Uid| if uid == favoured { TIMES } else { 1 };
    weights
        .iter()
        .map(|(uid, weight)| (*uid, weight.saturating_mul(times(*uid))))
        .collect()
}

/// Returns the endpoints of all neurons.
fn axons(scene: &Scene) -> Result<BTreeMap<Uid, Axon>, LiveError> {
    let page = scene.contracts.registry().serving_page(NETUID, 0);
    let served: Vec<ServingView> = scene.chain.query(page)?;
    let axons = served.into_iter().filter_map(|it| Some((it.uid, it.axon?)));
    Ok(axons.collect())
}

fn unusable(error: impl std::fmt::Display) -> LiveError {
    LiveError::Unusable(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weight_of_one_miner_is_tripled_up_to_the_largest() {
        let weights = [(Uid(1), 65_535), (Uid(2), 32_767), (Uid(3), 10_000)];
        assert_eq!(favoured(&weights, Uid(2))[1], (Uid(2), 65_535));
        assert_eq!(favoured(&weights, Uid(3))[2], (Uid(3), 30_000));
        assert_eq!(favoured(&weights, Uid(9)), weights);
    }
}
