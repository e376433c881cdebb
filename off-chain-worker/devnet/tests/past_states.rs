//! Messages that are read at past blocks.
#![allow(clippy::unwrap_used)]

use inktensor_client::{
    chain::{Answer, ChainRead, Pinned, Typed},
    deploy::{deploy, Bundles, Config},
};
use inktensor_devnet::{account, sandbox::SandboxChain};
use inktensor_primitives::Rao;
use psp22::PSP22;

#[test]
fn a_message_is_read_on_the_state_after_a_past_block() {
    let holders = vec![(account("bank"), Rao::from_tao(10))];
    let config = Config::new(account("deployer"), account("treasury"), holders);
    let mut chain = SandboxChain::new();
    chain.keep_states(2);
    let bundles = Bundles::load().unwrap();
    let token = deploy(&mut chain, &bundles, &config).unwrap().addresses;
    let mut blocks = Vec::new();
    for _ in 0..3 {
        chain.advance(1);
        let sent = token.psp22().transfer(account("user"), 1, vec![]);
        chain.send(account("bank"), sent).answer().unwrap();
        chain.advance(1);
        let best = chain.best().unwrap();
        let hash = chain.ancestor(&best, best.number - 1).unwrap().unwrap();
        blocks.push((best.number - 1, hash));
        // An empty block changes nothing.
        chain.advance(1);
    }
    let balance = |(number, hash)| {
        let block = inktensor_client::chain::BlockId { number, hash };
        let pinned = Pinned::new(&chain, block);
        pinned.query::<u128>(token.psp22().balance_of(account("user")))
    };
    assert_eq!(balance(blocks[1]), Ok(2));
    assert_eq!(balance(blocks[2]), Ok(3));
    assert_eq!(balance(blocks[1]), Ok(2));
    let now = chain.query::<u128>(token.psp22().balance_of(account("user")));
    assert_eq!(now, Ok(3));
}
