//! Prints the speed of models here and in candle: MiniLM's forward pass, and training of a GPT.
//!
//! Run it with `RAYON_NUM_THREADS=1`, so that candle has one thread too.

use candle_core::{DType, Device, Result, Tensor, Var, D};
use candle_nn::{
    loss::cross_entropy, ops::softmax, AdamW, Optimizer, ParamsAdamW, VarBuilder, VarMap,
};
use candle_transformers::models::bert::BertModel;
use inktensor_exact::{
    adamw,
    bert::{self, Bert},
    gpt::{Config, Trainer},
    rng::Rng,
    safetensors::SafeTensors,
};
use inktensor_exact_bench::{median, seconds_of};
use std::hint::black_box;

/// Alternating rounds of both.
const ROUNDS: usize = 5;
/// Processor seconds of a measurement, at least.
const LEAST: f64 = 1.0;

const MINILM: &str = r#"{"vocab_size": 30522, "hidden_size": 384, "num_hidden_layers": 6,
"num_attention_heads": 12, "intermediate_size": 1536, "hidden_act": "gelu",
"hidden_dropout_prob": 0.1, "max_position_embeddings": 512, "type_vocab_size": 2,
"initializer_range": 0.02, "layer_norm_eps": 1e-12, "pad_token_id": 0,
"position_embedding_type": "absolute", "use_cache": true, "model_type": "bert"}"#;

fn main() -> Result<()> {
    println!(
        "{:28} {:>14} {:>14} {:>7}",
        "tokens a second", "inktensor", "candle", "ratio"
    );
    for tokens in [8, 32, 128] {
        minilm(tokens)?;
    }
    training("GPT of 110 912, 16 rows", Config::SMALL, 16)?;
    training("GPT of 1 230 464, 8 rows", Config::MEDIUM, 8)
}

/// Measures both in turn, and prints tokens a second.
fn compare(name: &str, tokens: usize, mut own: impl FnMut(), mut other: impl FnMut()) {
    own();
    other();
    let (mut owns, mut others) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        owns.push(tokens as f64 / seconds_of(LEAST, &mut own));
        others.push(tokens as f64 / seconds_of(LEAST, &mut other));
    }
    let (own, other) = (median(owns), median(others));
    println!("{name:28} {own:14.0} {other:14.0} {:7.2}", own / other);
}

fn minilm(tokens: usize) -> Result<()> {
    let file = bert::seeded(bert::Config::MINILM, 1).unwrap();
    let own = Bert::load(bert::Config::MINILM, &SafeTensors::parse(&file).unwrap()).unwrap();
    let ids: Vec<u32> = (0..tokens).map(|index| 1000 + index as u32 * 7).collect();

    let vars = VarMap::new();
    let builder = VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu);
    let model = BertModel::load(builder, &serde_json::from_str(MINILM).unwrap())?;
    let input = Tensor::new(ids.as_slice(), &Device::Cpu)?.unsqueeze(0)?;
    let kinds = input.zeros_like()?;
    compare(
        &format!("MiniLM, {tokens} tokens"),
        tokens,
        || {
            black_box(own.embed(black_box(&ids)).unwrap());
        },
        || {
            let states = model.forward(black_box(&input), &kinds, None).unwrap();
            black_box(states.mean(1).unwrap());
        },
    );
    Ok(())
}

fn training(name: &str, config: Config, count: usize) -> Result<()> {
    let trainer = Trainer::new(config, adamw::AdamW::SMALL).unwrap();
    let row = trainer.gpt().row();
    let mut rng = Rng::new(1);
    let rows: Vec<u8> = (0..count * row).map(|_| rng.below(100) as u8).collect();
    let mut state = Some(trainer.start(2));

    let gpt = Gpt::new(config)?;
    let recipe = ParamsAdamW {
        lr: 3e-3,
        beta1: 0.9,
        beta2: 0.99,
        eps: 1e-8,
        weight_decay: 0.0,
    };
    let mut optimizer = AdamW::new(gpt.vars(), recipe)?;
    let part = |from: usize| -> Result<Tensor> {
        let tokens: Vec<u32> = rows
            .chunks(row)
            .flat_map(|row| {
                row[from..from + config.context]
                    .iter()
                    .map(|token| u32::from(*token))
            })
            .collect();
        Tensor::from_vec(tokens, count * config.context, &Device::Cpu)
    };
    let (inputs, targets) = (part(0)?, part(1)?);
    compare(
        name,
        count * config.context,
        || {
            state = state
                .take()
                .map(|state| trainer.step(state, &rows).unwrap())
        },
        || {
            let logits = gpt.logits(&inputs, count).unwrap();
            let loss = cross_entropy(&logits, &targets).unwrap();
            optimizer.backward_step(&loss).unwrap();
        },
    );
    Ok(())
}

/// The GPT of inktensor-exact, of candle's operations.
struct Gpt {
    config: Config,
    tokens: Var,
    positions: Var,
    layers: Vec<[Var; 6]>,
    gain: Var,
    mask: Tensor,
}

impl Gpt {
    fn new(config: Config) -> Result<Self> {
        let (width, hidden) = (config.width, config.hidden);
        let matrix =
            |rows: usize, columns: usize| Var::randn(0f32, 0.04, (rows, columns), &Device::Cpu);
        let gain = || Var::ones(width, DType::F32, &Device::Cpu);
        let layer = |_| -> Result<[Var; 6]> {
            Ok([
                gain()?,
                matrix(width, 3 * width)?,
                matrix(width, width)?,
                gain()?,
                matrix(width, hidden)?,
                matrix(hidden, width)?,
            ])
        };
        let context = config.context;
        let mask: Vec<f32> = (0..context * context)
            .map(|place| {
                if place % context > place / context {
                    f32::NEG_INFINITY
                } else {
                    0.0
                }
            })
            .collect();
        Ok(Self {
            config,
            tokens: matrix(config.vocabulary, width)?,
            positions: matrix(context, width)?,
            layers: (0..config.layers).map(layer).collect::<Result<_>>()?,
            gain: gain()?,
            mask: Tensor::from_vec(mask, (context, context), &Device::Cpu)?,
        })
    }

    fn vars(&self) -> Vec<Var> {
        let mut vars = vec![
            self.tokens.clone(),
            self.positions.clone(),
            self.gain.clone(),
        ];
        vars.extend(self.layers.iter().flatten().cloned());
        vars
    }

    fn logits(&self, inputs: &Tensor, rows: usize) -> Result<Tensor> {
        let Config {
            context,
            width,
            heads,
            ..
        } = self.config;
        let head = width / heads;
        let embedded = self
            .tokens
            .index_select(inputs, 0)?
            .reshape((rows, context, width))?;
        let mut x = embedded
            .broadcast_add(&self.positions)?
            .reshape((rows * context, width))?;
        for [attention_gain, attention_in, attention_out, hidden_gain, hidden_in, hidden_out] in
            &self.layers
        {
            let qkv = norm(&x, attention_gain)?.matmul(attention_in)?;
            let part = |index: usize| -> Result<Tensor> {
                qkv.narrow(1, index * width, width)?
                    .reshape((rows, context, heads, head))?
                    .transpose(1, 2)?
                    .contiguous()
            };
            let scores = part(0)?.matmul(&part(1)?.t()?)?;
            let scores = (scores * (1.0 / (head as f64).sqrt()))?.broadcast_add(&self.mask)?;
            let attended = softmax(&scores, D::Minus1)?
                .matmul(&part(2)?)?
                .transpose(1, 2)?
                .reshape((rows * context, width))?;
            x = (x + attended.matmul(attention_out)?)?;
            let hidden = norm(&x, hidden_gain)?.matmul(hidden_in)?.relu()?;
            x = (x + hidden.matmul(hidden_out)?)?;
        }
        norm(&x, &self.gain)?.matmul(&self.tokens.t()?)
    }
}

fn norm(x: &Tensor, gain: &Var) -> Result<Tensor> {
    let square = x.sqr()?.mean_keepdim(D::Minus1)?;
    x.broadcast_div(&(square + 1e-5)?.sqrt()?)?
        .broadcast_mul(gain)
}
