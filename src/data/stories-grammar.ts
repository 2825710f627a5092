/**
 * @file What the built-in stories are made of: a grammar of our own, so every story is synthetic. Nearly every word is one
 * GPT-2 token, and all of them together are fewer than 500. `story-writer.ts` says how templates are read.
 */

const GIRLS = ['Lily', 'Anna', 'Mia', 'Lucy', 'Emma', 'Sara', 'Rose', 'Molly'];
const BOYS = ['Tom', 'Ben', 'Tim', 'Max', 'Sam', 'Jack', 'Leo', 'Oscar'];
const ANIMALS = ['cat', 'dog', 'bird', 'rabbit', 'bear', 'fox', 'mouse', 'duck', 'frog', 'pig', 'turtle', 'owl'];

/** Whoever is "she". */
export const FEMALE: ReadonlySet<string> = new Set([...GIRLS, 'mom', 'grandma', 'aunt']);

/**
 * What a story is about. A fact is drawn from its templates where it is first mentioned and stays the same to the end; no
 * two facts of a story are equal.
 */
export const FACTS: Readonly<Record<string, readonly string[]>> = {
  hero: [...GIRLS, ...BOYS],
  friend: [...GIRLS, ...BOYS],
  adult: ['mom', 'dad', 'grandma', 'aunt', 'uncle'],
  kind: ['{child}', '{species}'],
  species: ANIMALS,
  animal: ANIMALS,
  trait: ['kind', 'brave', 'happy', 'clever', 'funny', 'curious', 'shy', 'gentle', 'silly', 'quiet'],
  size: ['big', 'small', 'little', 'young', 'old', 'fat', 'strange', 'beautiful'],
  color: ['red', 'blue', 'green', 'yellow', 'white', 'black', 'brown', 'pink', 'purple', 'orange', 'golden', 'silver'],
  look: ['new', 'old', 'small', 'big', 'funny', 'beautiful', 'strange', 'shiny'],
  toy: [
    'ball',
    'hat',
    'book',
    'car',
    'doll',
    'drum',
    'bell',
    'cup',
    'ring',
    'train',
    'horn',
    'shell',
    'balloon',
    'key',
  ],
  clothing: ['coat', 'scarf', 'blanket', 'hat'],
  breakable: ['cup', 'lamp', 'bowl', 'clock', 'plate', 'chair', 'bell'],
  food: ['bread', 'cake', 'cheese', 'fruit', 'honey', 'soup', 'pie', 'corn'],
  plant: ['flower', 'tree', 'rose', 'pumpkin', 'tomato'],
  place: ['park', 'beach', 'farm', 'river', 'lake', 'market', 'zoo', 'pond', 'castle', 'bridge'],
  spot: ['under a tree', 'behind a rock', 'behind the fence', 'in the grass', 'near the wall', 'by the road'],
  shelter: ['in a cave', 'in an old barn', 'under a big tree', 'under the bridge', 'behind a rock'],
  trap: ['in the mud', 'in a deep hole', 'on the roof', 'in a tall tree', 'under a log'],
  hiding: ['under the bed', 'behind the door', 'in a box', 'under the table'],
  weather: ['sunny', 'warm', 'cold', 'rainy', 'quiet', 'bright'],
  time: ['morning', 'day', 'afternoon', 'evening'],
  when: [
    'One {weather} {time}',
    'One {time}',
    'One {time} [in|after] [spring|summer|winter]',
    'After [breakfast|lunch|dinner]',
  ],
  fear: ['the dark', 'deep water', 'loud noises', 'big dogs', 'the forest', 'the {animal}'],
  end: [
    'That night, {hero} [slept|fell asleep] with a [big|happy|little] smile.',
    '{hero} told {his} {adult}, and {adult:he} [smiled|laughed|was [so|very] [proud|happy|surprised]].',
    '{hero} felt [so|very] [happy|proud|brave|strong].',
    'They [danced|sang|laughed|played|ate] until [the sun went down|dinner|night|it was dark].',
    'From that day on, they were [best|good] friends.',
    'Then they [all|both] [ate|shared] some {food}.',
    'It was the best {time} of {his} life.',
  ],
};

/** How every story begins. */
export const OPENING = `
[Once upon a time, there was|Once there was|Long ago, there lived|In a [house|village] [by the sea|near the forest|on a hill], there lived]
a {trait} {kind} named {hero}.`;

const SAID = '[said|cried|called|whispered|answered]';
const ASKED = '[asked|said|called|whispered]';
const WENT = '[ran|walked|went|hurried|danced]';
const WHY = '[Why are you [so|] sad|What is wrong|What happened|Can I help you|Are you [hurt|lost|all right]]';
const SAD = '[sat down and cried|began to cry|felt [so|very] [sad|angry|tired|lonely]|looked down|did not say a word]';
const THANKS = '[Thank you|You are [so|very] kind|You are [a good|my best] friend|I am so happy]';
const COMFORT = '[Do not [cry|be sad|be afraid|give up]|I can help you|Come with me|Wait a little]';
const MEANWHILE = '[all {time}|for a long time|until dinner|very hard]';

/** How a story goes on, to its end. */
export const PLOTS: readonly string[] = `
{when}, {hero} [took|carried|brought] {his} {look} {color} {toy} to the {place}.
[Suddenly the wind blew|{He} fell asleep {spot}|{He} [ran|danced|jumped|played] ${MEANWHILE}|{He} put it down {spot}],
and [then|soon] [it|the {toy}] was gone. {hero} ${SAD}.
"${WHY}?" ${ASKED} a {size} {animal}. "I lost my {color} {toy}," ${SAID} {hero}.
"${COMFORT}," ${SAID} the {animal}. [They looked {spot}, and there it was|Soon they found the {toy} {spot}]!
"${THANKS}!" ${SAID} {hero}. {end}

{when}, {hero} [saw|met|found] a {size} {animal} [{spot}|at the {place}]. It [looked|was] [so|very] [sad|weak|tired|cold|small].
"${WHY}?" ${ASKED} {hero}. "I am [so|very] hungry," ${SAID} the {animal}.
{hero} [${WENT} home to get|had|asked {his} {adult} for] some {food}. The {animal} [ate and ate|ate it all|ate fast] and felt [better|strong|happy|warm].
The next day, {hero} lost {his} {color} {toy} [{spot}|at the {place}]. The {animal} [found|saved] it!
"[You helped me, and I help you|You were kind to me|Now we are friends]," ${SAID} the {animal}. {end}

{when}, {hero} and {his} friend {friend} [found|saw] a {look} {color} {toy} [{spot}|at the {place}].
"[It is mine|I saw it first|Give it to me]!" ${SAID} {hero}. "[No, it is mine|I want it]!" ${SAID} {friend}.
They [pulled and pulled|ran and ran|shouted] until [the {toy} broke|they both fell down|{hero} began to cry|{friend} ran away].
"${WHY}?" ${ASKED} {hero}'s {adult}. "I am [so|very] sorry," ${SAID} {hero}.
"[You can share|I will help you|Let us fix it|Be kind to {friend}]," ${SAID} {his} {adult}.
[{hero} gave {friend} the {color} {toy}|{friend} gave the {toy} to {hero}|They took turns with the {color} {toy}]. {end}

{hero} was afraid of {fear}. {when}, {his} friend {friend} [came by|called {him}|${WENT} to {his} door].
"Come with me to the {place}!" ${SAID} {friend}. "[I lost my {toy} there|I saw a {color} {animal} there|There is a big party]!"
{hero} ${SAD}. "I am afraid of {fear}," {he} [said|whispered].
"[Hold|Take] my hand," ${SAID} {friend}. "[I will [stay with|help] you|You are [brave|strong]]."
{hero} [closed {his} eyes|held {friend}'s hand|counted to ten] and [took one small step|${WENT} on]. [It was not so bad!|Nothing happened!|"You did it!" ${SAID} {friend}.]
{end}

It was the birthday of {hero}'s {adult}. {hero} ${WENT} to the {place} and [found|bought|made] a {look} {color} {toy}.
But on the way home, [a {size} {animal} took it|{he} fell down and broke it|{he} lost it {spot}|the wind took it].
{hero} ${SAD}. Then {he} [met|saw] {his} friend {friend}.
"${COMFORT}," ${SAID} {friend}. "We can make [a card|some {food}|a song|a {color} {clothing}]." They worked ${MEANWHILE}.
"[This is the best gift of all|It is so beautiful|I love it]!" ${SAID} {hero}'s {adult}. {end}

{when}, a {size} {animal} laughed at {hero}. "[I am faster than you|You are [so|too] slow]," it [said|called].
"Let us race to the {place}," ${SAID} {hero}. [One, two, three, go!|Off they went!] The {animal} [was very fast|ran and ran|was soon far away].
Then it [fell asleep|stopped to eat some {food}|stopped to play with a {color} {toy}|saw a {look} {clothing}] {spot}.
{hero} [ran and ran|went on|did not stop] and won!
"[How did you win|What happened]?" ${ASKED} the {animal}. "I [did not stop|did not give up]," ${SAID} {hero}.
[ "I am [so|very] sorry," ${SAID} the {animal}. | The {animal} ${SAD}. ] {end}

{when}, {hero} and {his} friend {friend} ${WENT} to the {place}.
Suddenly [it began to rain|there was a big storm|it was [very|so] [cold|dark]]. "[Run|Come with me|Oh no]!" ${SAID} {friend}. They hid {shelter}.
"[Who is there|What is that]?" ${ASKED} {hero}. It was a {size} {animal}, [cold|wet|tired|lost] and [hungry|afraid|lonely|sad].
{hero} gave it {his} {look} {color} {clothing}. "${THANKS}," ${SAID} the {animal}.
They [told stories|sang songs|ate some {food}|played ball] until the [rain stopped|sun came out]. "[Look at the rainbow|The sun is back]!" ${SAID} {friend}.
[The {animal} [kept|loved] the {color} {clothing}.|{end}]

{when}, {hero} found a {look} {color} box {spot}. "[What is inside|What can it be|What is that]?" ${ASKED} {his} friend {friend}.
They [pulled|pushed|worked] ${MEANWHILE} until it [opened|broke]. Inside was a [golden|silver|shiny] {toy}!
"[We are rich|It is magic|It is so beautiful]!" ${SAID} {friend}. "[No|Wait]," ${SAID} {hero}. "Somebody lost it."
They asked [at the {place}|the {animal}|at every house]. Then {hero} told {his} {adult} about the {toy}.
"[It is mine|That is my {toy}|I lost it {spot}]!" ${SAID} {his} {adult} and [began to cry|hugged {him}|danced with {him}].
{end}

{when}, {hero} [met|saw|helped] a {size} {color} {animal} at the {place}. "I am magic," it [said|whispered]. "You can have one wish."
[ "I want to be as big as a house," ${SAID} {hero}. {He} grew and grew, but then {he} could not [hug {his} {adult}|sleep in {his} bed|play with {friend}].
| "I want to be as small as a mouse," ${SAID} {hero}. {He} [was|grew] very small, but then {he} was afraid of [every noise|{friend}'s cat|the wind].
| "I want to fly," ${SAID} {hero}. {He} went up and up, but it was [too|so] [cold|lonely|high|dark] there. ]
{hero} ${SAD}. "[Please help me|Take it back|I want to be {hero} again]!" {he} [said|cried].
The {animal} [smiled|laughed|danced|closed its eyes], and {hero} was {hero} again. {end}

{when}, {hero}'s {adult} gave {him} a {look} seed. {hero} put it in the ground {spot}.
{He} [gave it water|sang to it|looked at it] every {time}, but nothing grew.
{His} friend {friend} laughed. "It is only a [stone|toy]," {friend:he} said. {hero} ${SAD}.
"${COMFORT}," ${SAID} {his} {adult}. "Good things take time."
{hero} [waited and waited|gave it more water|told it stories]. Then there was a {size} {color} {plant}!
"[I am [so|very] sorry|It is so beautiful|It is magic]," ${SAID} {friend}.
[{hero} gave the {color} {plant} to {his} {adult}.|A {animal} came to live near the {plant}.|{end}]

{when}, there was a new {friend:child} at school. {friend:His} name was {friend}. {friend:He} sat {hiding} and [looked [sad|angry|lonely|afraid]|did not say a word].
{hero} ${WENT} to {friend:him}. "${WHY}?" {he} [asked|whispered]. "[I do not know how to play|I am afraid of {fear}|I lost my {color} {toy}]," ${SAID} {friend}.
"[I will [show|help] you|${COMFORT}]," ${SAID} {hero}. They [played ball|sang songs|told stories|ate some {food}] ${MEANWHILE}.
The next day, {friend} gave {hero} a {look} {color} {toy}. "${THANKS}," {friend:he} said.
[{hero} kept the {color} {toy} near {his} bed.|{end}]

{when}, {hero} was [running|jumping|dancing|playing] [in the house|with {his} {color} {toy}]. Suddenly {he} [fell down|hit the table], and {his} {adult}'s {look} {breakable} [fell and|] broke.
"[Oh no|Help]!" ${SAID} {hero}. {He} put it {hiding} and [ran away|did not say a word|hid].
At [lunch|dinner], {hero} ${SAD}. "${WHY}?" ${ASKED} {his} {adult}.
"I broke your {breakable}," ${SAID} {hero}. "I [was afraid|hid it {hiding}|am [so|very] sorry]."
{His} {adult} [was not angry|hugged {him}|smiled]. "[Thank you for telling the truth|You are [so|very] brave|We can fix it]," {adult:he} said.
[Together they fixed the {breakable}.|They [bought|found] a new {breakable} at the {place}.|{end}]

{when}, {hero} heard a noise at the {place}. A {size} {animal} was stuck {trap}!
"[Help|Please help] me!" it [cried|called]. "${COMFORT}," ${SAID} {hero}. {He} [pulled and pulled|worked ${MEANWHILE}], but {he} was too [small|weak|tired|slow].
{hero} ${WENT} to {his} friend {friend}, and {friend:he} brought [some {food}|a {color} {clothing}|{friend:his} {adult}].
[One, two, three!|They pulled together.] The {animal} was free!
"${THANKS}," ${SAID} the {animal}. It gave {hero} a {look} {color} {toy}. {end}

One {weather} night, {hero} could not sleep. {He} heard a noise {hiding}. "[Who is there|What is that]?" {he} [asked|whispered].
{He} [held {his} {color} {toy}|counted to ten|closed {his} eyes] and looked {hiding}. There was a {size} {animal}!
"${COMFORT}," it [said|whispered]. "I am [lost|cold|afraid of {fear}|so [hungry|lonely|tired]]."
{hero} gave it [some {food}|a {look} {color} {clothing}|{his} bed]. "${THANKS}," ${SAID} the {animal}.
They [told stories|looked at the stars|sang songs|played] until they both fell asleep.
[ "Who is your friend?" ${ASKED} {hero}'s {adult} in the morning. | {hero} was not lonely any more. | {end} ]

{when}, {hero} and {his} friend {friend} made a {look} {color} boat. They [went|sailed] far away and found a {size} {animal}.
It [looked|was] [so|very] [angry|sad|tired|lonely]. "[Go away|Who are you|Help me]!" it [cried|called].
"I am {hero}," ${SAID} {hero}. "${WHY}?" "I [lost|broke] my {toy}," ${SAID} the {animal}.
{hero} looked {spot} and found [the|a {color}] {toy}. {friend} gave it some {food}. The {animal} [laughed|smiled|danced|ate and ate].
"[Come with us|You can live with us|We are your friends]," ${SAID} {friend}. {end}

{hero} wanted to play the [drum|horn|bell]. {He} played ${MEANWHILE}, but it was too [loud|slow|fast].
"[Please stop|It is too loud|Go away]!" ${SAID} {his} {adult}. Even the {size} {animal} [ran away|hid {hiding}|began to cry].
{hero} ${SAD}. "${COMFORT}," ${SAID} {his} friend {friend}. They played together [at the {place}|{shelter}] every {time}.
Then there was a big party at the {place}. {hero} [was afraid of {fear}|put on a {look} {color} {clothing}] and played. Everybody [danced|sang|smiled|laughed]!
"[I am so proud of you|It was so beautiful|You are [very|so] good]," ${SAID} {his} {adult}. {end}
`
  .trim()
  .split('\n\n');
