// Out of doors: small animals, gardens, snow, the sea, things stuck in trees.

extension StoryPlot {
  static let naturePlots = [
    StoryPlot(
      "a hurt animal", .child,
      """
      - {Oneday}, {hero} heard a faint cry {spot}. There lay a [small|young|grey|little] {bird} with a
        broken wing.
      - {Oneday}, {hero} and {friend} found {a bird} {spot}. The {bird} could not fly, and its eyes were
        closed.
      - After a stormy night, {hero} found a young {bird} under the {tree}. The {bird} was trembling like [a
        leaf|grass in the wind] on that {weather} {season} [morning|day].

      - "Poor little {bird}!" said {hero}. {Hero} laid it in {his} hat and carried it home as carefully as
        if it were made of glass.
      - {Hero} wanted to pick the {bird} up at once. "Wait," said {elder}. "First we move slowly, so that it
        is not afraid of you, {hero}."
      - "Do not be afraid," {hero} whispered to the {bird}, and {he} covered it with {his} scarf.

      - {Elder} helped {him} to make a bed in a shoe box, and {neighbour} showed {hero} how to tie the wing
        with a thin strip of cloth.
      - {Hero} and {elder} made a nest out of [wool|hay|old socks|moss]. Every two hours, {hero} gave the
        {bird} water from a spoon, even before {he} had {his} own {food}.
      - {Hero} fed it with seeds and crumbs. On {day}, the {bird} only slept. On {day2}, it opened one eye
        and looked at {hero}.

      - Soon the {bird} hopped about in the {room} and sat on {hero}'s shoulder. {He} called it {third}, and
        they were never apart.
      - The {bird} grew stronger. In the mornings it sang for {hero}, and {hero} whistled back. {Hero}
        wished that it would always stay.
      - After some weeks, the {bird} could fly from the chair to the table. "You are almost well," said
        {hero}, and {he} was glad and a little sad.

      - "It is time to let it go, {hero}," said {elder}. "{A bird} needs the sky." {Hero} knew that {elder}
        was right, but {his} throat felt tight.
      - One day the {bird} sat at the window and looked out at the {tree2}. {Hero} understood. {Hero} opened
        the window wide.
      - {Hero} carried the {bird} to the {park}, where {he} had found it. "Goodbye," {hero} said. It was
        hard to open {hero}'s hands.

      - The {bird} flew around {hero} once, and then over the roofs. {Hero} waved until {he} could not see
        it any more. And in spring, {a bird2} and that very same {bird} built a nest above {hero}'s window.
      - Up it went, higher than the {tree2}, higher [and higher|than the roof|than the clouds]! {Hero} cried
        a little, but {he} smiled, too. Every year the {bird} came back to say hello to {hero}.
      - From then on, each {weather} morning, {a bird} sang in the {tree} by the house, and {hero} knew who
        it was. If you love someone, {hero} thought, you let them fly.
      """),
    StoryPlot(
      "a garden", .anyone,
      """
      - {Oneday}, {elder} gave {hero} a tiny seed. "This is {a plant}," said {elder}. {Hero} could not
        believe it. The seed was as small as a crumb, thought {hero}.
      - {Oneday}, {hero} planted a seed in {a colour} pot. It was supposed to become {a plant}.
      - Behind {hero}'s home there was a bit of earth that nobody wanted. "I will grow {a plant} there,"
        said {hero}.

      - The next morning, {hero} ran out to look. There was no {plant}. {He} watered the {plant} again and
        sat down to wait.
      - {Hero} waited for an hour, and then for another hour. "When does my {plant} start?" {he} asked
        {pal}.
      - Every day, {hero} looked at the earth. Nothing, {hero} saw, not a bit of {plant}! "Perhaps the
        {plant} does not like me," {he} said.

      - On {day}, {he} dug it up to see whether it was doing something. "Leave it in the ground, {hero},"
        said {elder}. "The {plant} works where you cannot see it."
      - {Hero} sang to it about {dream}. {He} even shared {his} {food} with it. "You cannot pull at it to
        make it grow, {hero}," laughed {elder}.
      - "Some things take time, {hero}," said {elder}. "You were not made in a day either, {hero}."

      - So {hero} gave it water, pulled out the weeds, and chased away the snails. Days went by, and {hero}
        learned to wait.
      - On {day} it rained, and the sun came out, and on {day2} it rained again. {Hero} went on {hobby}, but
        {he} never forgot the water.
      - {Friend} laughed at {hero} and {his} bare patch of earth. But {hero} put a little fence around it,
        {colour} and neat.

      - And one {weather} morning, there was something green, no longer than a fingernail. "{Eldercall}, it
        is here!" cried {hero}.
      - Then, after a warm night, two tiny leaves looked out at {hero}. {Hero} danced around the {plant}.
      - Then, one {day}, it happened: first a green tip, then a stem, then {a plant} leaf. {Hero} measured
        the {plant} every evening with {elder}'s ruler.

      - By the end of the {season2}, the {plant} was taller than {friend}, and {hero} was as proud as a
        king. "I only gave it water," {he} told {friend}, "and time."
      - When the {plant} was ripe at last, {hero} shared it with {elder} and {friend}. Nothing had ever
        tasted so good as what {hero} had waited for.
      - {Hero} kept [three|four|seven] seeds for the next year, and gave one to {friend}. "You have to be
        patient," {he} told {friend}, "and now I know how."
      """),
    StoryPlot(
      "being stuck in a tree", .anyone,
      """
      - {Oneday}, {hero} was playing with {his} {toy} when a gust of wind carried it up into the {tree}.
      - {Oneday}, {hero} threw {his} {toy} high into the air. The {toy} went up, but it did not come down.
        It was stuck in the {tree}.
      - {Oneday}, {hero} heard a cry from the top of the {tree}. A small {animal} had climbed up and did not
        dare to come down.

      - {Hero} jumped as high as {he} could. It was not high enough for the {tree}. {He} threw a stick, and
        then the stick was stuck in the {tree}, too.
      - {Hero} shook the trunk. [Leaves|Twigs|Two apples|A few nuts] rained down on {hero}, and nothing
        else.
      - {Hero} tried to climb, but the lowest branch of the {tree} was too far up. {He} slid down and tore
        {his} {colour} trousers.

      - {Pal} came along. {Fhe} climbed on {hero}'s shoulders, but the two of them wobbled like a pudding
        and fell over.
      - "Stand on my back, {friend}," said {hero} to {his} friend, the {fkind}. It was still not enough for
        {hero}.
      - "What are you doing, {hero}?" asked {pal}. Together they pulled a box under the {tree}. Now {hero}
        could almost reach it, but only almost.

      - Then {neighbour} came by with a cart. "What if you stand on the cart, and {friend} stands on the
        box, and the box stands on the cart?" said {neighbour}.
      - Next came {a big}, who had been watching for a while. "If {friend} sits on your back, {hero}, and
        you sit on mine," said the {big}, "we will be a tower."
      - "One alone is too short," said {hero}. "But what about {friend} and all of us?" They called {third},
        and {third} called all the others.

      - One on top of the other they stood, and at the very top was {hero}. {Hero} stretched {his} arm, a
        bit more, a bit more, and there!
      - The tower swayed to the left, towards {a bird}. The tower swayed to the right, and {friend}
        squealed. "I have got it!" shouted {hero} from the top of the {tree}.
      - {Hero} held {his} breath and reached through the leaves. "Hold still, everybody!" said {friend}. And
        then {hero} laughed out loud: {he} had done it!

      - Everyone cheered for {hero}, and then the whole tower tumbled into the soft grass. {Hero} shared
        {his} {food} with all of them, from the biggest to the smallest.
      - "Alone I was small," said {hero}, "but together we were as tall as {a tree}." And they stayed and
        played {game} until the stars came out.
      - {Hero} thanked them one by one, and {friend} got a special hug. Since that day, when something seems
        too high, {hero} does not jump. {Hero} asks.
      """),
    StoryPlot(
      "a day in the snow", .anyone,
      """
      - One morning, {hero} looked out, and the whole {park} was white. It had snowed all through {day}
        night! {He} ran to {pal}.
      - "Snow!" cried {hero}. {He} did not even finish {his} {food}, but ran outside to meet {friend}, {a
        trait3} {fkind}.
      - In the first week of winter, the snow lay as high as {hero}'s knees. {He} and {pal} put on
        everything warm they could find.

      - They rolled a big ball, and a smaller one, and a very small one, and soon a snowman stood next to
        the {tree}. But he had no nose, as {friend} said.
      - {Hero} and {friend} built a snowman with {colour} buttons for eyes. "He looks a bit lonely," said
        {hero}.
      - They made a snowman who was taller than {friend}. "He is freezing," said {hero}. "He needs {a
        colour} hat."

      - "He can have my carrot," said {friend}, although it was {fhis} lunch. And {hero} gave him {his} own
        {colour2} scarf.
      - {Hero} asked {neighbour} for an old hat, and {friend} found {a treasure2} {spot} for him to wear.
      - They made him a friend, a snow {animal}, and gave it twigs for whiskers. Then {hero} hung {a
        treasure} around its neck.

      - They called him {third}, and told him about {dream}. {Hero} was sure that {third} smiled.
      - All week they played {game} around him, and in the evening {hero} waved to him from the window.
      - "Good night, snowman," said {hero} every evening. And every morning {friend} brought him {a food2},
        which {a bird} ate.

      - Then came a warm {day}. {Hero}'s snowman grew thinner and thinner. "He is leaving us!" cried {hero},
        and {his} lip trembled.
      - But the {day} sun grew stronger. First the nose fell off, and then the {colour2} hat slid down.
        {Hero} ran to {elder}. "Can we put him in the {room}?" {hero} begged.
      - One morning, only the hat and a puddle were left beside the {tree}. {Friend} cried, and {hero} did
        not know what to say.

      - "He is not gone," said {elder}. "He is in the {water} now, and in the clouds, and next winter he
        will come back to {hero}." And do you know what {hero} saw the next winter? There he was, with {a
        colour3} hat.
      - {Elder} pointed to the ground. Where the snowman had stood, {a flower} was growing. "He left you a
        present, {hero}," said {elder}.
      - {Hero} filled a bottle with the water and gave it to the {plant} in the {room}. The {plant} grew
        very well. "Thank you, {third}," said {hero}.
      """),
    StoryPlot(
      "a sand castle", .child,
      """
      - {Oneday}, {hero} went to the sea with {elder}. {Hero} wanted to build the biggest sand castle in the
        world.
      - {Oneday}, {hero} and {elder} took the train to the beach. {Hero} had {a colour} bucket and a little
        spade.
      - In the holidays, {hero} met {friend} on the beach. "Shall we build a castle, {friend}?" {hero}
        asked. "With towers?" said {friend}. "With a hundred towers, {hero}!"

      - {He} dug a moat, built a wall, and put {a colour2} feather on the highest tower. It was a castle for
        {a big} and {a animal}, who were married.
      - {Hero} worked the whole {day} morning. There was a bridge of driftwood, and a garden of shells, and
        a gate for {hero}'s {toy}.
      - {Hero} patted every wall until it was smooth. {A treasure} made of foil shone in the throne room.

      - "It is too near to the water, {hero}," warned {elder}. But {hero} was too busy to listen.
      - Nobody noticed that the sea came closer and closer, until the first wave licked at {hero}'s toes.
      - {Hero} went to eat {a food}. When {hero} came back, the tide had begun to rise.

      - Whoosh, {hero}'s feet were wet! A big wave rolled over {hero}'s castle. When it was gone, there was
        only a soft heap, and {hero}'s {colour2} feather swam away.
      - The next wave took the {toy}, and the one after that took {hero}'s tower. {Hero} shouted at the sea,
        but the sea did not listen.
      - {Hero} tried to save the castle with {his} bucket. {He} scooped and scooped, but the sea has more
        water than {a colour} bucket can hold.

      - {Hero} cried. "All my work, {eldercall}, and my {colour2} feather!" {hero} said. {Elder} put a towel
        around {him}. "Was it fun to build it, {hero}?" "Yes," sniffed {hero}. "Then nobody can take that
        away from {hero}."
      - {Hero} wanted to go home. But then {hero} saw {a fkind} whose castle was gone, too. "Shall we build
        one together, with {a colour3} flag?" {hero} asked. "Further up, this time, with {a colour3} flag?"
      - "The sea only wants to play," said {elder}. "Look, it brought you something, {hero}." There, in the
        wet sand, lay {a treasure2}.

      - They built a new one, much further up, and {hero} let the sea have a small tower of its own. When
        the sun went down, both {hero} and the sea were content.
      - So {hero} began again, and this time {he} dug a long canal, so that the waves could run around the
        castle. It was even finer than the first, {hero} thought.
      - On the way back, {hero} looked out of the window of the train. "Tomorrow," {he} said to {elder}, "I
        will build {a big2} out of sand." And {hero} fell asleep.
      """),
    StoryPlot(
      "a lost baby animal", .anyone,
      """
      - {Oneday}, {hero} found a tiny {animal} {spot}. The {animal} was all alone, and it called for its
        mother.
      - {Oneday}, when {hero} and {pal} were playing {game}, a small {animal} ran between their feet. The
        {animal} was lost.
      - {Oneday}, something soft bumped into {hero}. It was a baby {animal}, no bigger than {a food}.

      - "Where do you live?" asked {hero}. The little {animal} only shook its head. A {animal} so young had
        never been away from home before.
      - "Do not worry, little {animal}," said {hero}. "I was lost once, too, near {a tree2}. We will find
        your mother before {day2}."
      - The {animal} looked up at {hero} with big round eyes. {Hero}'s heart melted like butter on {a
        food2}.

      - They asked the {bird}, who sees everything from above. "I saw {a animal} by the {water}," it sang.
        But there was nobody by the {water}.
      - They asked the {big}. "Not here," said the {big}, chewing slowly. "Try beyond the {tree}, {hero}."
      - They went to the {tree}, and they went to the {water}. "Is this your mother?" asked {hero}, and {he}
        pointed at {a big}. The {animal} giggled for the first time.

      - The little {animal} grew tired. {Hero} put it on {his} back and sang about {dream}, so that it would
        not be afraid.
      - It grew late, and {hero}'s feet hurt. But {he} had made a promise, and {he} went on through the
        {park}.
      - Then the {animal} began to cry again. {Hero} gave it {his} {food}, and then {he} had an idea. "Call
        as loudly as you can, little {animal}!" {hero} said.

      - They listened, {hero} and the {animal}. From far away, {spot2}, came an answer. The little {animal}
        pricked up its ears and began to run.
      - All at once, the {animal} sniffed. It knew that smell of [milk|moss|hay|fur|clover] and {flower}! It
        pulled {hero} along, past {a flower}, around a corner, and there was its mother.
      - And there, in the middle of the path, stood the mother {animal}. She had been looking for her little
        one since {day}.

      - "Thank you, {hero}," said the mother {animal}. "You have a warm heart, {hero}." {Hero} ran home to
        {elder} and hugged {ehim} for a very long time.
      - The mother {animal} licked her little one from head to tail. {Hero} slipped away quietly. At home,
        {elder} asked, "Where have you been, {hero}?" "I brought somebody home," said {hero}.
      - The two {animal} noses touched. {Hero} had to swallow, it was so beautiful. And whenever {he} came
        past that place again, {a animal} waved to {him}.
      """),
  ]
}
