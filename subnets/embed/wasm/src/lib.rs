//! The task `embed/1` as a Wasm program.

inktensor_task::export!(inktensor_embed::Embed);
