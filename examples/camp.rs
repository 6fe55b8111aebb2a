//! scratch
use duka::{
    layout,
    read::{self, MarkState},
    register,
    sheet::*,
    simulate::*,
    source,
};
use rand::{RngExt, SeedableRng};
use rayon::prelude::*;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let n: u64 = args[1].parse().unwrap();
    for name in &args[2..] {
        let layout = layout::shipped(name).unwrap();
        let blank = Print::of(&layout, &Default::default()).unwrap();
        let res: Vec<_> = (0..n)
            .into_par_iter()
            .map(|i| {
                let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(i);
                let t: String = (0..12).map(|_| char::from(b'0' + rng.random_range(0..10u8))).collect();
                let person = Person {
                    ticket: Some(t.parse().unwrap()),
                    form: Some("A".parse().unwrap()),
                    flags: vec![],
                };
                let answers = Answers::random(&layout, &person, 0.03, &mut rng);
                let scanner = Scanner::office(&mut rng);
                let s = sample(&layout, &blank, &answers, Care::Careful, &scanner, &mut rng).unwrap();
                if std::env::var("SAVE").is_ok() {
                    std::fs::write(format!("/tmp/sim-{name}-{i}.{}", scanner.format.ending()), &s.bytes)
                        .unwrap();
                }
                let page = source::decode(&s.bytes).next().unwrap().1.unwrap();
                match register::register_as(&page, &layout) {
                    Err(e) => (i, scanner, Err(e), vec![], vec![]),
                    Ok(reg) => {
                        let r = read::read(&page, &reg, &layout, &EngineId("x".into()));
                        let mut filled = vec![];
                        let mut empty = vec![];
                        for f in &r.fields {
                            for (c, p) in f.positions.iter().enumerate() {
                                let want: String = if f.name.as_str() == "items" {
                                    s.truth.items[&p.label.as_str().parse().unwrap()].clone()
                                } else {
                                    s.truth.fields[f.name.as_str()].chars().nth(c).unwrap().to_string()
                                };
                                for (o, m) in p.options.chars().zip(&p.marks) {
                                    let tag = format!("{} {} {o}", f.name, p.label);
                                    if want.contains(o) {
                                        filled.push((m.fill, m.cover, m.state, tag));
                                    } else {
                                        empty.push((m.fill, m.cover, m.state, tag));
                                    }
                                }
                            }
                        }
                        (i, scanner, Ok((reg.residual.0, reg.proof, reg.ink, reg.paper)), filled, empty)
                    }
                }
            })
            .collect();
        let mut nf = 0;
        let mut ne = 0;
        let mut held = 0;
        let mut wrong = 0;
        let mut bad = 0;
        let mut minf: Vec<(u16, u16, u64)> = vec![];
        let mut maxe: Vec<(u16, u16, u64)> = vec![];
        let mut resid = vec![];
        let mut sheets_held = 0;
        for (i, sc, r, f, e) in &res {
            match r {
                Err(c) => {
                    bad += 1;
                    println!("{name} {i}: {c} {sc:?}");
                }
                Ok(x) => {
                    resid.push(x.0);
                    if x.0 > 0.3 {
                        println!("{name} {i} resid {x:?} {sc:?}");
                    }
                }
            }
            let mut h = false;
            for m in f {
                nf += 1;
                if m.2 == MarkState::Marginal {
                    held += 1;
                    h = true;
                }
                if m.2 == MarkState::Empty {
                    wrong += 1;
                    println!("WRONG EMPTY {name} {i} {m:?} {sc:?}");
                }
                minf.push((m.0, m.1, *i));
            }
            for m in e {
                ne += 1;
                if m.2 == MarkState::Marginal {
                    held += 1;
                    h = true;
                }
                if m.2 == MarkState::Filled {
                    wrong += 1;
                    println!("WRONG FILLED {name} {i} {m:?} {sc:?}");
                }
                maxe.push((m.0, m.1, *i));
            }
            if h {
                sheets_held += 1;
            }
        }
        minf.sort();
        maxe.sort();
        maxe.reverse();
        resid.sort_by(f64::total_cmp);
        println!(
            "{name}: filled {nf} empty {ne} held {held} sheets_held {sheets_held} wrong {wrong} unregistered {bad} resid med {:?} max {:?}",
            resid.get(resid.len() / 2),
            resid.last()
        );
        println!(
            "  min filled {:?}\n  max empty {:?}",
            &minf[..8.min(minf.len())],
            &maxe[..8.min(maxe.len())]
        );
    }
}
