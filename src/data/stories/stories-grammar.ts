/**
 * @file What the built-in stories are made of: a grammar of our own, so every story is synthetic. Every word is one GPT-2
 * token, and there are fewer than 300 of them; most choices are one word out of a few that fit, and the plots share their
 * phrases. So the tiny preset reaches a loss of about 0.93 in 400 steps, though it does not keep to names by then.
 * `story-writer.ts` says how templates are read.
 */

const GIRLS = ['Lily', 'Anna', 'Mia', 'Lucy', 'Emma', 'Rose'];
const BOYS = ['Tom', 'Ben', 'Max', 'Sam', 'Leo', 'Jack'];
const ANIMALS = ['cat', 'dog', 'bird', 'bear', 'fox', 'mouse', 'duck', 'frog', 'pig', 'owl'];

/** Whoever is "she". */
export const FEMALE: ReadonlySet<string> = new Set([...GIRLS, 'mom', 'grandma']);

/**
 * What a story is about. A fact is drawn from its templates where it is first mentioned and stays the same to the end; no
 * two facts of a story are equal.
 */
export const FACTS: Readonly<Record<string, readonly string[]>> = {
  hero: [...GIRLS, ...BOYS],
  friend: [...GIRLS, ...BOYS],
  adult: ['mom', 'dad', 'grandma'],
  kind: ['{child}', '{species}'],
  species: ANIMALS,
  animal: ANIMALS,
  trait: ['kind', 'brave', 'happy', 'clever', 'funny', 'shy', 'silly'],
  size: ['big', 'little', 'old', 'young', 'fat'],
  color: ['red', 'blue', 'green', 'yellow', 'white', 'black', 'brown', 'pink'],
  look: ['big', 'little', 'old', 'new', 'funny'],
  toy: ['ball', 'hat', 'book', 'car', 'doll', 'drum', 'bell', 'cup', 'train', 'boat'],
  food: ['bread', 'cake', 'cheese', 'fruit', 'soup', 'honey', 'pie'],
  plant: ['flower', 'tree', 'pumpkin'],
  place: ['park', 'beach', 'farm', 'river', 'lake', 'market', 'zoo', 'pond'],
  spot: ['under a tree', 'behind a rock', 'in the grass', 'by the road', 'near the wall'],
  trap: ['in the mud', 'in a tree', 'in a hole'],
  hiding: ['under the bed', 'behind the door', 'in a box'],
  weather: ['sunny', 'warm', 'cold', 'rainy', 'quiet'],
  time: ['morning', 'day', 'afternoon', 'evening'],
  fear: ['the dark', 'the water', 'big dogs', 'the forest'],
  end: [
    '{hero} told {his} {adult}, and {adult:he} was very [proud|happy].',
    '{hero} was very [happy|proud|brave].',
    'They [danced|sang|laughed|played] until the sun went down.',
    'From that day on, they were [best|good] friends.',
    'Then they shared some {food}.',
    'That night, {hero} fell asleep with a [big|happy] smile.',
  ],
  endAtHome: [
    '{hero} was very [happy|proud].',
    'They [danced|sang|laughed|played] until the sun went down.',
    'Then they shared some {food}.',
    'That night, {hero} fell asleep with a [big|happy] smile.',
  ],
};

/** How every story begins. */
export const OPENING = `
[Once upon a time, there was|Once there was|Long ago, there lived]
a {trait} {kind} named {hero}.`;

const WHEN = 'One {weather} {time}';
const SAID = '[said|cried|called|whispered]';
const WENT = '[ran|walked|went]';
const WHY = '[Why are you so sad|What is wrong|What happened|Can I help you]';
const SAD = '[sat down and cried|began to cry|felt very [sad|tired]|looked down]';
const THANKS = '[Thank you|You are very kind|You are my best friend]';
const COMFORT = '[Do not [cry|be sad|be afraid]|I can help you|Come with me]';
const MEANWHILE = '[all {time}|for a long time]';

/** How a story goes on, to its end. */
export const PLOTS: readonly string[] = `
${WHEN}, {hero} took {his} {look} {color} {toy} to the {place}.
[Then the wind blew|{He} fell asleep {spot}|{He} [ran|danced|played] ${MEANWHILE}], and then the {toy} was gone. {hero} ${SAD}.
"${WHY}?" asked a {size} {animal}. "I lost my {color} {toy}," ${SAID} {hero}.
"${COMFORT}," ${SAID} the {animal}. They looked {spot}, and there was the {color} {toy}!
"${THANKS}!" ${SAID} {hero}. {end}

${WHEN}, {hero} saw a {size} {animal} {spot}. The {animal} ${SAD}.
"${WHY}?" asked {hero}. "I am very hungry," ${SAID} the {animal}.
{hero} [${WENT} home to get|had] some {food}. The {animal} ate and ate and was very [happy|strong].
Then {hero} lost {his} {look} {color} {toy} at the {place}. {He} ${SAD}. The {animal} found the {color} {toy}!
"${THANKS}!" ${SAID} {hero}. {end}

${WHEN}, {hero} and {his} friend {friend} found a {look} {color} {toy} {spot}.
"[It is mine|I saw it first]!" ${SAID} {hero}. "No, it is mine!" ${SAID} {friend}.
They [pulled and pulled|ran and ran] until {hero} [fell down|began to cry].
"${WHY}?" asked {hero}'s {adult}. "I am very sorry," ${SAID} {hero}.
"[You can share|I can help you]," ${SAID} {his} {adult}. {hero} gave {friend} the {color} {toy}. {endAtHome}

{hero} was afraid of {fear}. ${WHEN}, {his} friend {friend} ${WENT} to {his} door.
"Come with me to the {place}!" ${SAID} {friend}. {hero} ${SAD}. "I am afraid of {fear}," {he} said.
"${COMFORT}," ${SAID} {friend}. "You are very [brave|strong]."
{hero} [closed {his} eyes|took {friend}'s hand] and ${WENT} on. At the {place}, they found a {look} {color} {toy}! {end}

${WHEN}, a {size} {animal} laughed at {hero}. "You are too slow," ${SAID} the {animal}.
"Let us run to the {place}," ${SAID} {hero}. The {animal} ran and ran.
Then the {animal} [fell asleep|found some {food}|found a {look} {color} {toy}] {spot}.
{hero} ran and ran and won! The {animal} ${SAD}.
"${COMFORT}," ${SAID} {hero}. "${THANKS}," ${SAID} the {animal}. {end}

${WHEN}, {hero} and {his} friend {friend} ${WENT} to the {place}.
Then it began to rain. "Come with me!" ${SAID} {friend}. They sat down {spot}.
They saw a {size} {animal}. The {animal} was [cold|wet] and [hungry|afraid|sad].
{hero} gave the {animal} [some {food}|{his} {look} {color} hat]. "${THANKS}!" ${SAID} the {animal}.
They [told stories|sang songs] until the sun came out. {end}

${WHEN}, {hero} found a {look} {color} box {spot}. "What is in it?" asked {his} friend {friend}.
They pulled and pulled. In the box was a {toy}! "[It is mine|I saw it first]!" ${SAID} {friend}.
"No," ${SAID} {hero}. They ${WENT} to {hero}'s {adult} and gave the {toy} to {adult:him}.
"I lost my {toy} at the {place}," ${SAID} {hero}'s {adult}. "[Thank you|You are very kind]!" {endAtHome}

${WHEN}, {hero} saw a {size} {color} {animal} at the {place}. "You can have one wish," ${SAID} the {animal}.
[ "I want to be as big as a house," ${SAID} {hero}. {He} was very big, but then {he} could not [sleep in {his} bed|play with {friend}].
| "I want to be as little as a mouse," ${SAID} {hero}. {He} was very little, but then {he} was afraid of [the wind|{friend}'s cat]. ]
{hero} ${SAD}. "${COMFORT}," ${SAID} the {animal}. The {animal} [laughed|danced], and {hero} was {hero} again. {end}

${WHEN}, {hero} heard a noise at the {place}. A {size} {animal} was {trap}!
"Help me!" ${SAID} the {animal}. "${COMFORT}," ${SAID} {hero}. {He} pulled and pulled ${MEANWHILE}, but {he} was too [little|slow].
{hero} ${WENT} to {his} friend {friend}. They pulled and pulled, and the {animal} was out!
"${THANKS}!" ${SAID} the {animal}. The {animal} gave {hero} a {look} {color} {toy}. {end}

${WHEN}, {hero} could not sleep. {He} heard a noise {hiding}. {He} looked {hiding}, and there was a {size} {animal}!
"${COMFORT}," ${SAID} the {animal}. "I am [cold|hungry|afraid of {fear}]."
{hero} gave the {animal} [some {food}|{his} {look} {color} {toy}]. "${THANKS}," ${SAID} the {animal}.
They [told stories|sang songs] until they fell asleep. {end}

${WHEN}, {hero}'s {adult} gave {him} a {look} seed. {hero} put the seed in the ground {spot}.
{He} [gave it water|sang to it|looked at it] every {time}, but nothing grew. {hero} ${SAD}.
"${COMFORT}," ${SAID} {his} {adult}. "Good things take time."
Then one {weather} {time}, there was a {size} {color} {plant}!
"[It is beautiful|You are very kind]!" ${SAID} {his} {adult}. {endAtHome}

${WHEN}, there was a new {friend:child} named {friend} at school. {friend} sat [near|behind] the door. {friend:He} ${SAD}.
{hero} ${WENT} to {friend}. "${WHY}?" asked {hero}. "I [have no friends|lost my {color} {toy}|am afraid of {fear}]," ${SAID} {friend}.
"${COMFORT}," ${SAID} {hero}. They [told stories|sang songs|played ball] ${MEANWHILE}.
Then {friend} gave {hero} a {look} {color} {toy}. "${THANKS}," ${SAID} {friend}. {end}

{hero} wanted to play the drum. {He} played ${MEANWHILE}, but the drum was too [loud|slow]. {hero} ${SAD}.
"${COMFORT}," ${SAID} {his} friend {friend}. They ${WENT} to the {place} and played every {time}.
${WHEN}, there was a big party at the {place}. {hero} was afraid, but {he} [closed {his} eyes|put on a {look} {color} hat] and played.
{friend} danced and {hero}'s {adult} sang. "It was beautiful!" ${SAID} {hero}'s {adult}. {endAtHome}
`
  .trim()
  .split('\n\n');
