//! Candidates of known ability who work independently, for tests of the statistics.

use crate::key::AnswerKey;
use crate::sheet::{Response, Responses};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fmt::Write as _;

pub(super) const OPTIONS: [char; 4] = ['A', 'B', 'C', 'D'];

/// An item as candidates meet it: how hard, how sharp, how lucky a guess, and how the wrong options draw.
pub(super) struct World {
    pub(super) right: Vec<usize>,
    difficulty: Vec<f64>,
    slope: Vec<f64>,
    draw: Vec<[f64; 4]>,
    pub(super) rng: ChaCha8Rng,
}

/// A standard normal number, by the sum of twelve uniform ones.
fn normal(rng: &mut impl Rng) -> f64 {
    (0..12).map(|_| rng.random_range(0.0..1.0)).sum::<f64>() - 6.0
}

impl World {
    pub(super) fn new(items: usize, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let right = (0..items).map(|_| rng.random_range(0..4)).collect();
        let difficulty = (0..items).map(|_| normal(&mut rng) - 0.3).collect();
        let slope = (0..items).map(|_| rng.random_range(0.5..1.6)).collect();
        let draw = (0..items).map(|_| std::array::from_fn(|_| rng.random_range(0.1..1.0))).collect();
        Self { right, difficulty, slope, draw, rng }
    }

    pub(super) fn key(&self) -> AnswerKey {
        let mut text = format!(
            "paper=\"p\"\nform=\"A\"\nrevision=1\ntotal={0}\n[[section]]\nkind=\"single\"\nfrom=1\nto={0}\npoints=1\nanswers=\"",
            self.right.len()
        );
        for &right in &self.right {
            write!(text, "{}", OPTIONS[right]).unwrap();
        }
        text.push('"');
        AnswerKey::parse(&text, "key.toml").unwrap()
    }

    /// What a candidate of this ability marks, by place of the option.
    pub(super) fn marks(&mut self, ability: f64) -> Vec<usize> {
        let mut out = Vec::with_capacity(self.right.len());
        for item in 0..self.right.len() {
            let knows = 1.0 / (1.0 + (-1.7 * self.slope[item] * (ability - self.difficulty[item])).exp());
            let right = self.right[item];
            if self.rng.random_range(0.0..1.0) < 0.15 + 0.85 * knows {
                out.push(right);
                continue;
            }
            let wrong: Vec<usize> = (0..4).filter(|&option| option != right).collect();
            let mut at = self.rng.random_range(0.0..wrong.iter().map(|&o| self.draw[item][o]).sum());
            let chosen = wrong.iter().find(|&&option| {
                at -= self.draw[item][option];
                at < 0.0
            });
            out.push(chosen.copied().unwrap_or(wrong[2]));
        }
        out
    }

    /// As many candidates, of normally distributed ability.
    pub(super) fn candidates(&mut self, count: usize) -> Vec<Vec<usize>> {
        (0..count)
            .map(|_| {
                let ability = normal(&mut self.rng);
                self.marks(ability)
            })
            .collect()
    }
}

pub(super) fn sheet(marks: &[usize]) -> Responses {
    let items = (1..).zip(marks).map(|(n, &mark)| (n, Response::resolved(OPTIONS[mark])));
    Responses { items: items.collect(), ..Responses::default() }
}
