//! Draws parameters: the same seed gives the same values, on every machine.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::words::{ADJECTIVES, ANIMALS};
use crate::base::Random;
use crate::model::{Lab, ParameterSpec, Parameters};

/// The parameters of an attempt. Each is drawn from the seed and its own name, so that adding one changes no other.
#[must_use]
pub fn draw(lab: &Lab, seed: u64) -> Parameters {
    lab.parameters
        .iter()
        .map(|(name, spec)| {
            let digest = Sha256::new()
                .chain_update(seed.to_be_bytes())
                .chain_update(name)
                .finalize();
            let mut own = [0; 8];
            own.copy_from_slice(&digest[..8]);
            (name.clone(), one(spec, &Random::seeded(u64::from_be_bytes(own))))
        })
        .collect()
}

fn one(spec: &ParameterSpec, random: &Random) -> Value {
    match spec {
        ParameterSpec::Integer(low, high) => Value::from(random.integer(*low, *high)),
        ParameterSpec::Choice(choices) => random
            .choose(choices)
            .map_or(Value::Null, |choice| Value::from(choice.as_str())),
        ParameterSpec::Words(count) => {
            let word = |from: &[&'static str]| random.choose(from).copied().unwrap_or_default();
            let mut words: Vec<&str> = (1..*count).map(|_| word(ADJECTIVES)).collect();
            words.push(word(ANIMALS));
            Value::from(words.join("-"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_itself() {
        let specs = [
            ParameterSpec::Integer(-3, 3),
            ParameterSpec::Words(2),
            ParameterSpec::Choice(vec!["a".into(), "b".into()]),
        ];
        for seed in 0..50 {
            for spec in &specs {
                let value = one(spec, &Random::seeded(seed));
                assert_eq!(value, one(spec, &Random::seeded(seed)));
                match spec {
                    ParameterSpec::Integer(..) => assert!((-3..=3).contains(&value.as_i64().unwrap())),
                    ParameterSpec::Words(_) => assert_eq!(value.as_str().unwrap().split('-').count(), 2),
                    ParameterSpec::Choice(choices) => assert!(choices.iter().any(|choice| value == choice.as_str())),
                }
            }
        }
    }
}
