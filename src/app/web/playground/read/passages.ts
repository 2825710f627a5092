/** @file Texts in the public domain to read with the models. */

export interface Passage {
  readonly title: string;
  readonly text: string;
}

export const PASSAGES: readonly [Passage, ...Passage[]] = [
  {
    title: 'A story for children',
    text: 'Once upon a time, there was a little girl named Anna. One sunny day, Anna went to the park with her red ball. She threw the ball high, and it fell into a tree. "Oh no!" said Anna. A tall boy named Ben looked up. "I can help you," said Ben. He climbed the tree and gave Anna the ball. "Thank you," said Anna. They played until the sun went down.',
  },
  {
    title: 'Austen, Pride and Prejudice',
    text: 'It is a truth universally acknowledged, that a single man in possession of a good fortune, must be in want of a wife. However little known the feelings or views of such a man may be on his first entering a neighbourhood, this truth is so well fixed in the minds of the surrounding families, that he is considered as the rightful property of some one or other of their daughters.',
  },
  {
    title: 'Lincoln, Gettysburg Address',
    text: 'Four score and seven years ago our fathers brought forth on this continent, a new nation, conceived in Liberty, and dedicated to the proposition that all men are created equal. Now we are engaged in a great civil war, testing whether that nation, or any nation so conceived and so dedicated, can long endure.',
  },
  {
    title: 'Carroll, Alice in Wonderland',
    text: 'Alice was beginning to get very tired of sitting by her sister on the bank, and of having nothing to do: once or twice she had peeped into the book her sister was reading, but it had no pictures or conversations in it, “and what is the use of a book,” thought Alice “without pictures or conversations?”',
  },
  {
    title: 'Melville, Moby-Dick',
    text: 'Call me Ishmael. Some years ago—never mind how long precisely—having little or no money in my purse, and nothing particular to interest me on shore, I thought I would sail about a little and see the watery part of the world.',
  },
  {
    title: 'Newton, first law of motion',
    text: 'Every body continues in its state of rest, or of uniform motion in a right line, unless it is compelled to change that state by forces impressed upon it.',
  },
];
