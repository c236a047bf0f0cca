// SPDX-License-Identifier: Apache-2.0
// Collections, sorting, formatting, trait objects, a thread, and panics that unwind through frames with drops.
use std::collections::{BTreeMap, HashMap};
use std::io::{Read, Write};

struct Guard(String);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.push_str(" dropped while the stack is unwound");
    }
}

trait Shape {
    fn describe(&self, depth: usize) -> String;
}

struct Leaf(u32);
struct Node(Vec<Box<dyn Shape>>);

impl Shape for Leaf {
    #[inline(never)]
    fn describe(&self, depth: usize) -> String {
        format!("{:width$}leaf {}", "", self.0, width = depth)
    }
}

impl Shape for Node {
    #[inline(never)]
    fn describe(&self, depth: usize) -> String {
        let lines: Vec<String> = self.0.iter().map(|shape| shape.describe(depth + 1)).collect();
        lines.join("\n")
    }
}

#[inline(never)]
fn panics(depth: u32) -> u32 {
    let guard = Guard(format!("depth {depth}"));
    if depth == 0 {
        std::panic::panic_any(guard.0.clone());
    }
    panics(depth - 1) + guard.0.len() as u32
}

fn round(number: u32) -> usize {
    let mut words: Vec<String> = (0..8).map(|i| format!("word {} of round {number}", i * 7 % 5)).collect();
    words.sort_by_key(|word| word.to_uppercase());
    let index: HashMap<String, usize> = words.iter().cloned().zip(0..).collect();
    let sorted: BTreeMap<usize, String> = index.into_iter().map(|(word, i)| (i, word)).collect();
    let tree = Node((0..4).map(|i| -> Box<dyn Shape> {
        if i % 2 == 0 { Box::new(Leaf(i)) } else { Box::new(Node(vec![Box::new(Leaf(i)), Box::new(Leaf(number))])) }
    }).collect());
    let caught = std::panic::catch_unwind(|| panics(number % 5));
    sorted.len() + tree.describe(0).len() + usize::from(caught.is_err())
}

fn main() {
    let rounds = std::env::args().nth(1).and_then(|word| word.parse().ok()).unwrap_or(200);
    std::panic::set_hook(Box::new(|_| {}));
    std::io::stdout().write_all(b"ready\n").unwrap();
    let mut word = [0u8];
    let _ = std::io::stdin().read(&mut word);
    let sum: usize = (0..rounds).map(round).sum();
    let more = std::thread::spawn(move || (0..rounds).map(round).sum::<usize>());
    assert!(sum + more.join().unwrap() > 0);
}
