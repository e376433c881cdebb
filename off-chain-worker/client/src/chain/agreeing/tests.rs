use super::*;

/// A node that answers by a number and by the block that is asked.
#[derive(Clone, Copy)]
struct Answering {
    best: u32,
    fork: u8,
    answer: u8,
    is_lost: bool,
}

const HONEST: Answering = Answering {
    best: 100,
    fork: 0,
    answer: 7,
    is_lost: false,
};

impl Answering {
    fn reach(&self) -> Result<(), ChainError> {
        match self.is_lost {
            true => Err(ChainError::Unreachable {
                address: "here".into(),
                reason: "a test".into(),
            }),
            false => Ok(()),
        }
    }

    /// Returns the hash of block `number`; the last three blocks are those of the fork.
    fn hash(&self, number: u32) -> Digest {
        let fork = if number + 3 > self.best { self.fork } else { 0 };
        let mut hash = [fork; 32];
        hash[..4].copy_from_slice(&number.to_le_bytes());
        hash
    }
}

impl ChainRead for Answering {
    fn genesis(&self) -> Result<Digest, ChainError> {
        Ok([0; 32])
    }

    fn best(&self) -> Result<BlockId, ChainError> {
        self.reach()?;
        Ok(BlockId {
            number: self.best,
            hash: self.hash(self.best),
        })
    }

    fn finalized(&self) -> Result<BlockId, ChainError> {
        self.best()
    }

    fn ancestor(&self, of: &BlockId, number: u32) -> Result<Option<Digest>, ChainError> {
        self.reach()?;
        Ok((number <= of.number).then(|| self.hash(number)))
    }

    fn read(&self, _: AccountId, _: AccountId, _: &[u8]) -> Result<Vec<u8>, ChainError> {
        self.reach()?;
        Ok(vec![self.answer])
    }

    fn read_all_at(
        &self,
        at: &BlockId,
        _: AccountId,
        reads: &[(AccountId, Vec<u8>)],
    ) -> Result<Vec<Vec<u8>>, ChainError> {
        self.reach()?;
        if self.hash(at.number) != at.hash || at.number > self.best {
            return Err(ChainError::BlockGone(at.number));
        }
        Ok(reads.iter().map(|_| vec![self.answer]).collect())
    }

    fn estimate(
        &self,
        _: AccountId,
        _: &[u8],
        _: &[u8],
        _: &[u8],
    ) -> Result<Instantiated, ChainError> {
        Err(ChainError::BadAnswer)
    }

    fn code(&self, _: &Digest) -> Result<Option<Vec<u8>>, ChainError> {
        self.reach()?;
        Ok(Some(vec![self.answer]))
    }

    fn code_hash(&self, _: &AccountId) -> Result<Option<Digest>, ChainError> {
        self.reach()?;
        Ok(Some([self.answer; 32]))
    }

    fn events(&self, _: u32) -> Result<Vec<ContractEvent>, ChainError> {
        self.reach()?;
        let event = |block| ContractEvent {
            block,
            contract: [self.answer; 32].into(),
            topics: Vec::new(),
            data: Vec::new(),
        };
        Ok((self.best - 1..=self.best).map(event).collect())
    }
}

fn agreeing(nodes: &[Answering], wanted: usize) -> Agreeing<Answering> {
    let each = nodes.iter().map(|node| Rc::new(*node) as Rc<dyn ChainRead>);
    Agreeing::new(nodes[0], each.collect(), wanted)
}

fn read(nodes: &[Answering], wanted: usize) -> Result<Vec<u8>, ChainError> {
    agreeing(nodes, wanted).read([0; 32].into(), [1; 32].into(), &[])
}

const fn differ(agree: u32, wanted: u32) -> ChainError {
    ChainError::NodesDiffer { agree, wanted }
}

#[test]
fn a_lying_node_is_outvoted() {
    let liar = Answering {
        answer: 9,
        ..HONEST
    };
    assert_eq!(read(&[liar, HONEST, HONEST], 2), Ok(vec![7]));
    assert_eq!(read(&[HONEST, liar, HONEST], 2), Ok(vec![7]));
    assert_eq!(read(&[liar, HONEST], 2), Err(differ(1, 2)));
    assert_eq!(read(&[liar, HONEST, HONEST], 3), Err(differ(2, 3)));
    // One that is enough is the first.
    assert_eq!(read(&[liar, HONEST, HONEST], 1), Ok(vec![9]));
}

#[test]
fn nodes_without_an_answer_do_not_vote() {
    let lost = Answering {
        is_lost: true,
        ..HONEST
    };
    assert_eq!(read(&[lost, HONEST, HONEST], 2), Ok(vec![7]));
    assert!(matches!(
        read(&[lost, lost, HONEST], 2),
        Err(ChainError::Unreachable { .. })
    ));
}

#[test]
fn the_best_block_is_one_that_enough_nodes_have() {
    let behind = Answering { best: 60, ..HONEST };
    let inventing = Answering {
        best: 1_000_000,
        ..HONEST
    };
    let best = |nodes: &[Answering], wanted| {
        let best = agreeing(nodes, wanted).best();
        best.map(|block| block.number)
    };
    assert_eq!(best(&[behind, HONEST, HONEST], 2), Ok(100));
    assert_eq!(best(&[inventing, HONEST, HONEST], 2), Ok(100));
    assert_eq!(best(&[inventing, behind, HONEST], 2), Ok(100));
    assert_eq!(best(&[behind, HONEST, HONEST], 3), Ok(60));
    let events = agreeing(&[inventing, HONEST, HONEST], 2).events(0);
    assert_eq!(events.map(|events| events.len()), Ok(2));
}

#[test]
fn of_forks_the_common_past_is_read() {
    let fork = |fork| Answering { fork, ..HONEST };
    let forked = agreeing(&[fork(1), fork(2), fork(3)], 2);
    let best = forked.best().unwrap();
    assert_eq!((best.number, best.hash), (97, HONEST.hash(97)));
    let reads = [([1; 32].into(), Vec::new())];
    let answers = forked.read_all_at(&best, [0; 32].into(), &reads);
    assert_eq!(answers, Ok(vec![vec![7]]));
    assert_eq!(read(&[fork(1), fork(2), fork(3)], 2), Ok(vec![7]));
}

#[test]
fn code_is_believed_by_its_hash_and_not_by_the_node() {
    let liar = Answering {
        answer: 9,
        ..HONEST
    };
    let chain = agreeing(&[liar, HONEST], 2);
    assert_eq!(chain.code(&blake2(&[7])), Ok(Some(vec![7])));
    assert_eq!(chain.code(&[1; 32]), Ok(None));
}
