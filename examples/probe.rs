//! scratch
use duka::{layout, read, register, sheet::EngineId, source};
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let layout = layout::shipped(&args[1]).unwrap();
    for f in &args[2..] {
        let bytes = std::fs::read(f).unwrap();
        let t0 = std::time::Instant::now();
        for (_, page) in source::decode(&bytes) {
            let page = page.unwrap();
            let t1 = std::time::Instant::now();
            let reg = register::register(&page, &layout);
            let t2 = std::time::Instant::now();
            match reg {
                Err(e) => println!("{f}: {e}"),
                Ok(reg) => {
                    let r = read::read(&page, &reg, &layout, &EngineId("x".into()));
                    let t3 = std::time::Instant::now();
                    println!(
                        "{f}: {:?} {:.2} res {:.3} ink {} paper {} proof {:?} code {:?} | dec {:?} reg {:?} read {:?}",
                        reg.orientation,
                        reg.rotation_deg,
                        reg.residual.0,
                        reg.ink,
                        reg.paper,
                        reg.proof,
                        reg.code,
                        t1 - t0,
                        t2 - t1,
                        t3 - t2
                    );
                    if std::env::var("DUMP").is_ok() {
                        for fl in &r.fields {
                            for p in &fl.positions {
                                println!(
                                    "F {} {} {}",
                                    fl.name,
                                    p.label,
                                    p.options
                                        .chars()
                                        .zip(&p.marks)
                                        .map(|(o, m)| format!("{o}:{}/{}", m.fill, m.cover))
                                        .collect::<Vec<_>>()
                                        .join(" ")
                                );
                            }
                        }
                    }
                }
            }
        }
    }
}
