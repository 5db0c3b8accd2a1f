// Fears, failures and trying again.

extension StoryPlot {
  static let couragePlots = [
    StoryPlot(
      "being afraid", .anyone,
      """
      - There was only one thing {hero} did not like: {fear}. When {he} thought of {fear}, {his} knees
        shook.
      - But {hero} had a secret. {He} was afraid of {fear}, and {he} had told no one but {elder}.
      - Nobody knew that {hero} was afraid of {fear}. {Hero} always found a reason to stay away.

      - {Oneday}, {pal} called from outside. "{Hero}, please come quickly! My little {animal} is in trouble,
        and I cannot help it alone."
      - {Oneday}, {hero}'s friend {friend} came and said, "I have left my {toy} {spot}, and I need your help
        to get it, {hero}."
      - {Oneday}, {elder} asked {hero} to bring {a food} to {neighbour}. But there was a part of the way
        that {hero} had always gone around.

      - {Hero} thought of {fear} and wanted to say no. {Hero}'s mouth was dry, and {his} heart beat like a
        drum.
      - {Hero} swallowed. This meant {fear}. {Hero} took one step forward and two steps back.
      - "I cannot," whispered {hero}. "You know how I feel about {fear}."

      - {Elder} put {ehis} arm around {him}. "Being brave does not mean that you are not afraid, {hero}. It
        means that you go on although you are, {hero}."
      - "Hum a song, {hero}," {elder} said. "Fear does not like [music|songs|a good tune], {hero}."
      - {Elder} said, "Count to ten, {hero}, and breathe slowly. Even {a big} is smaller when you look at
        it."

      - So {hero} counted to ten and took a deep breath, and then {he} went. [One|A small|A slow] step, and
        {hero} took another [step|one]. It was not as bad as {hero} had thought.
      - {Hero} hummed a tune about {dream}, softly at first and then louder. {Hero}'s legs stopped shaking,
        and on {he} went.
      - {Hero} held {his} {toy} tight and walked on, with {his} eyes wide open. And {fear}? {Hero} found
        that it was not so terrible from close by.

      - "I did it!" cried {hero}. {Hero} jumped up and down and spun around. When people talked about {fear}
        after that, {hero} only smiled.
      - "You were very brave, {hero}," said {elder}, and {hero} felt ten feet tall. {He} still did not love
        {fear}, but {he} was not afraid any more.
      - That evening there was {a cake} to celebrate. "To {hero}, the bravest {kind} I know!" said {elder}.
      """),
    StoryPlot(
      "learning a skill", .anyone,
      """
      - {Hero} wanted to {skill} more than anything. {Pal} could do it, and it looked so easy.
      - All {his} friends could {skill}, but {hero} could not. It made {him} {sad}.
      - {Oneday}, {hero} saw {pal} in the {park}. {Friend} could {skill}! "I want to {skill} as well," said
        {hero}.

      - {Hero} tried it at once. [Bump|Thud|Plop|Bang], went {hero}! {He} fell into {a plant}, and {friend}
        had to help {him} up.
      - {Hero}'s first try went wrong. So did [the second|the next one|the one after that|the others], on
        {day3}. At the third, {hero} landed in a heap of leaves {spot}.
      - {Hero} tried before breakfast, and {he} tried after lunch. It did not work at all, and {a bird}
        seemed to laugh at {hero}.

      - "I will never learn it!" cried {hero}, and {he} threw {his} hat on the ground.
      - {Hero} stamped {his} foot. "It is [too|far too|much too] [hard|difficult] for [me|anyone|{a kind}]!
        Only clever people can {skill}."
      - {Hero} sat down {spot2} and would not speak to anyone. "I give up," {hero} muttered.

      - {Friend} sat down beside {hero}. "I fell a hundred times before I could {skill}," {friend} said.
        "Shall I show you how I began, {hero}?"
      - "Do you know what I do?" asked {elder}. "I try a small piece first, {hero}. And then another small
        piece, like eating {a cake}."
      - "You cannot {skill} yet, {hero}," said {elder}. "Yet is a small word, {hero}, but it is an important
        one."

      - So {hero} practised a little every day, on {day} and on {day2}, in the sun and in the rain. Slowly
        {hero} got better.
      - {Hero} tried again, very slowly this time. {He} made a mistake, laughed about it, and went on for
        the whole {season}.
      - Every afternoon {hero} went to the {park} and practised next to the {tree}. {Friend} watched and
        clapped {fhis} hands.

      - Then one {weather2} morning, it worked! "Look, {eldercall}! I can {skill}!" shouted {hero}, and
        everyone came to see. Those who do not give up, {hero} thought, get there in the end.
      - After [two|three|four] weeks, {hero} could {skill} as if {he} had always known how. And when a
        smaller {kind} asked {him} how to do it, {hero} said, "Let me show you how I began."
      - And one day, nobody knew how, {hero} could {skill}. {Hero} did it [five|six|seven] times, just to be
        sure. {Friend} cheered so loudly that {a bird2} flew up from the {tree}.
      """),
    StoryPlot(
      "a day on the stage", .child,
      """
      - The school was getting ready for a concert, and {hero} was to play the {instrument}.
      - {Oneday}, the teacher chose {hero} to play the {instrument} at the {season} party.
      - Soon, on {day}, there was going to be a show in the [village|school|town] hall. {Hero} had promised
        to play a song on the {instrument}.

      - {Hero} practised every evening, until even {neighbour} next door could sing the tune. But as the day
        came near, {hero}'s stomach began to hurt.
      - At home {hero} knew every note. But when {he} thought of all the people, {his} fingers felt like
        [wool|jelly|butter|noodles|string].
      - {He} played for {his} {toy} and for the {bird} at the window. The {toy} liked it [very much|a
        lot|best of all]. But a whole hall full of people was another thing, thought {hero}.

      - On the big day, {hero} stood behind the curtain with the {instrument} and trembled. "I cannot go out
        there," {he} whispered to {friend}.
      - When {hero} heard {his} name, {he} could not move. "My legs have turned to stone," {he} told
        {friend}.
      - {Hero} looked through a hole in the curtain. So many faces, and all of them for {hero}! {He} wanted
        to hide with {his} {instrument} in a cupboard.

      - {Friend} took {his} hand. "Look only at me, {hero}," {fhe} said. "I will sit in the first row, and
        {hero} will play just for me."
      - "I was afraid, too," said {friend}, who had just read a poem. "Think of {dream}, {hero}. That is
        what [I do|I did|helped me|I always do], {hero}."
      - "If you play a wrong note, play it loudly and smile," said {friend}. That made {hero} laugh, and
        {he} forgot to be afraid.

      - {Hero} stepped into the light and looked for {friend}. Then {he} began to play the {instrument}, and
        the hall grew still.
      - {Hero}'s first note was a little shaky. The [second|next|third] was [better|clear|much better|warm
        and round]. And then the song about {dream} flowed from the {instrument} all by itself.
      - {Hero} closed {his} eyes and played. It was as if only {he} and {his} {instrument} were in the room.

      - When {hero} had finished, everybody clapped, and {elder} clapped the loudest of all. "Will you play
        again next {season}?" someone asked. "Yes," said {hero}, and {he} meant it.
      - The people stood up and cheered for {hero}. {Hero} took a bow, and then {he} pulled {friend} onto
        the stage. "I could not have done it without {friend}," {he} said.
      - {Neighbour} wiped away a tear, and someone threw {a flower}. {Hero} kept the {flower} in a book to
        remember the day on which {he} was brave.
      """),
    StoryPlot(
      "the race", .animal,
      """
      - {Hero} could run faster than anyone else, and {he} said so every day. "{Friend} is slow," {he}
        laughed. "{Pal} could not even catch {a plant}."
      - {Oneday}, the animals held a race from the {tree} to the {water}. "I will win," said {hero}, "and
        {pal} will be last."
      - Every {season} there was a great race through the {park}. {Hero} had won it twice, and {he} was very
        proud.

      - {Friend} only smiled. "I will run as well as I can, {hero}," {fhe} said. "That is enough for {a
        fkind}."
      - "Laugh if you like, {hero}," said {friend}, who was {a trait2} {fkind}. "I run because it is fun for
        {a fkind}."
      - {Friend} had trained every morning, while {hero} lay {spot} and ate {a food}.

      - "Ready, steady, go!" cried {third}, the old {gkind}. {Hero} shot away like an arrow and soon was far
        ahead of {friend}.
      - The race began, and {hero} was happy. {Hero} was out of sight before {friend} had passed the first
        {tree2}.
      - At first {hero} was in front. {He} looked back and saw no one, so {he} stopped to admire {a flower}.

      - But on the narrow bridge, {hero} stumbled over a root and fell into a ditch full of thorns.
        "[Ouch|Oh|Help|Oh no], {friend}!" {hero} cried. "My poor [leg|foot|knee|ankle|tail|toe|nose],
        {friend}!"
      - Then {hero} took a short cut, although it was not allowed, and got stuck in the mud up to {his}
        belly.
      - {Hero} did not look where {he} was going. Splash, went {hero}! {He} landed in the {water}, and the
        water was cold and quick.

      - The others ran past, but {friend} stopped. "Hold on to this branch, {hero}," {fhe} called, and {fhe}
        pulled with all {fhis} might.
      - When {friend} came by, {fhe} could have won the race. But {fhe} stopped and helped {hero} out.
      - "Do not be afraid, {hero}. I have got you," said {friend}, and {fhe} did not let go until {hero} was
        safe.

      - Neither {hero} nor {friend} won that {day}. But when {hero} came over the line, leaning on {friend},
        all the animals cheered. "{Friend} is the real winner," said {hero}, and {he} never laughed at a
        slower animal again.
      - "You lost the race because of me," said {hero}. "I found a friend instead," said {friend}. {Hero}
        gave {friend} {his} old medal, and it was the best thing {he} ever did with it.
      - {Hero} was ashamed. "I was not kind to you, {friend}, and you helped me." "Next year we will run
        together," said {friend}. And so {hero} and {friend} did.
      """),
    StoryPlot(
      "building something again", .anyone,
      """
      - {Oneday}, {hero} and {pal} wanted to build {a fort} out of {material}.
      - "Let us build {a fort}!" said {hero} to {pal}. They gathered {material} all morning.
      - {Oneday}, {hero} had an idea. "{Friend}, we need {a fort} of our own," {he} said to {his} friend.
        {Friend} was {a trait3} {fkind} and liked the idea.

      - {Hero} and {friend} began at once, without a plan. {Hero} piled up {material}, and {friend} put
        [more and more|even more] on top.
      - {Hero} was in a hurry. "Faster, {friend}!" {hero} called. "It does not matter if the {fort} is a bit
        crooked."
      - {Friend} wanted to go slowly, but {hero} wanted to be ready before {a food} was served.

      - Then there was {a sound} noise, and the whole {fort} fell down. The dust flew as high as the {tree}.
      - A gust of wind came through the {park}, and the {fort} broke apart.
      - Just as {hero} was about to sit in it, the {fort} leaned to one side and crashed.

      - "That is your fault, {friend}!" cried {hero}. "No, it is yours!" said {friend}. Neither {hero} nor
        {friend} spoke for a while.
      - {Hero} kicked a piece of wood, and {friend} began to cry. All that work with the {material} for
        nothing!
      - {Hero} was so angry that {he} wanted to go home. But {friend} looked at the pieces and said, "I
        think I know what went wrong, {hero}."

      - {Elder} came by and looked at the heap. "{Hero}, what does {a tree2} have that your {fort} did not
        have?" {elder} asked. "Roots!" said {hero}.
      - Then {friend} saw how {a bird} built its nest. The {bird} took one twig at a time and tested each.
        "We must do it like that, {hero}," {friend} said.
      - They looked at the bridge over the {water} and saw that the largest stones lay at the bottom. "That
        is the secret!" cried {hero}.

      - The second time {hero} and {friend} worked slowly. {Hero} held, {friend} tied the knots, and by
        evening the {fort} stood as firm as a rock. "It is good that it fell down," said {hero}, "or we
        would never have learned how to build it."
      - {Hero} and {friend} started again, and this time they took care. The new {fort} was smaller, but it
        did not even shake when {hero} jumped. They ate {a food} in it and felt like kings.
      - {Hero} and {friend} said sorry to each other and tried once more. {Hero} listened to {friend}, and
        {friend} listened to {hero}. The new {fort} lasted the whole {season}.
      """),
    StoryPlot(
      "a first day", .child,
      """
      - It was {hero}'s first day at a new school. {He} held {elder}'s hand and did not want to let go.
      - On {day}, {hero} had to go to a new school, because {his} family had moved. {Hero} knew nobody
        there.
      - {Hero}'s family had moved to a new town. When {hero} thought of the new school, {his} breakfast
        tasted like paper.

      - "What if nobody [talks to|likes|plays with|sits with|waits for] me?" {hero} asked. "Somebody will,"
        said {elder}. "And if not, you can begin, {hero}."
      - "Take your {toy} in your pocket," said {elder}. "When you feel alone, {hero}, you can touch it."
      - {Elder} gave {him} {a food} for the break. "There are two halves," {ehe} said, "one for {hero} and
        one for a friend."

      - In {hero}'s classroom, all the children knew one another. {Hero} sat down in the last row, beside {a
        plant} in a pot.
      - At break, the others played {game} in the yard. {Hero} stood {spot} and watched.
      - {Hero} found a chair next to the window. Outside, {a bird} was singing, and {hero} wished {he} could
        fly away with it.

      - Then {hero} saw {a fkind} who stood alone, too. {Friend} was {fhis} name, as it was written on
        {fhis} {colour} bag.
      - Then {he} noticed {a fkind} with {a colour} coat, who was looking for something on the ground.
      - At the next table sat {a fkind} who was drawing {a big}. The {big} had five legs.

      - {Hero} took all {his} courage. "Hello, my name is {hero}. What is yours, and do you like {food}?" "I
        am {friend}," said the {fkind}, and {fhe} smiled.
      - "Would you like a piece of my {food}?" asked {hero}. "Oh yes, {a food} is just what I like," said
        the {fkind}. "My name is {friend}. It is my first [day|week|{day2}] here as well, {hero}!"
      - {Hero} went over and said, "I am {hero}. Can I help you, or shall we play {game2}?" "I am {friend},"
        said the {fkind}. "I thought nobody would ever ask, {hero}."

      - When {elder} came to fetch {him}, {hero} did not want to leave. "This is {friend}," {he} said, "and
        tomorrow we will play {game2}."
      - In the afternoon, {hero} and {friend} walked home side by side. Two people who feel alone, like
        {hero} and {friend}, are not alone when they find each other.
      - By the end of the week, {hero} knew every name in the class, but {friend} was still the friend {he}
        liked best.
      """),
  ]
}
