// Out of doors: small animals, gardens, snow, the sea, things stuck in trees.

extension Plot {
  static let naturePlots = [
    Plot(
      "hurt animal", .child,
      """
      - {Oneday}, {hero} heard a faint cry {spot}. There lay a [small|young|grey|little] {bird} with a broken wing.
      - {Oneday}, {hero} and {friend} found {a bird} {spot}. It could not fly, and its eyes were closed.
      - After a stormy night, {hero} found a young {bird} under the {tree}. It was trembling.

      - "Poor little {bird}!" said {hero}. {He} laid it in {his} hat and carried it home as carefully as if it were made of glass.
      - {Hero} wanted to pick the {bird} up at once. "Wait," said {elder}. "First we move slowly, so that it is not afraid of you, {hero}."
      - "Do not be afraid," {hero} whispered to the {bird}, and {he} covered it with {his} scarf.

      - {Elder} helped {him} to make a bed in a shoe box, and {neighbour} showed {hero} how to tie the wing with a thin strip of cloth.
      - They made a nest out of wool. Every two hours, {hero} gave the {bird} water from a spoon, even before {he} had {his} own {food}.
      - {He} fed it with seeds and crumbs. On {day}, the {bird} only slept. On {day2}, it opened one eye and looked at {hero}.

      - Soon the {bird} hopped about in the {room} and sat on {hero}'s shoulder. {He} called it {third}, and they were never apart.
      - The {bird} grew stronger. In the mornings it sang for {hero}, and {hero} whistled back. {He} wished that it would always stay.
      - After some weeks, the {bird} could fly from the chair to the table. "You are almost well," said {hero}, and {he} was glad and a little sad.

      - "It is time to let it go, {hero}," said {elder}. "{A bird} needs the sky." {Hero} knew that {elder} was right, but {his} throat felt tight.
      - One day the {bird} sat at the window and looked out at the {tree2}. {Hero} understood. {He} opened the window wide.
      - {Hero} carried the {bird} to the {park}, where {he} had found it. "Goodbye," {he} said. It was hard to open {his} hands.

      - The {bird} flew around {hero} once, and then over the roofs. {Hero} waved until {he} could not see it any more. And in spring, {a bird2} and that very same {bird} built a
        nest above {hero}'s window.
      - Up it went, higher and higher! {Hero} cried a little, but {he} smiled, too. Every year the {bird} came back to say hello to {hero}.
      - From then on, each {weather} morning, {a bird} sang in the {tree} by the house, and {hero} knew who it was. If you love someone, you let them fly.
      """),
    Plot(
      "garden", .anyone,
      """
      - {Oneday}, {elder} gave {hero} a tiny seed. "This is {a plant}," said {elder}. {Hero} could not believe it. It was as small as a crumb.
      - {Oneday}, {hero} planted a seed in {a colour} pot. It was supposed to become {a plant}.
      - In the corner of the garden there was a bit of earth that nobody wanted. "I will grow {a plant} there," said {hero}.

      - The next morning, {hero} ran out to look. There was nothing. {He} watered the {plant} again and sat down to wait.
      - {Hero} waited for an hour, and then for another hour. "When does it start?" {he} asked {friend} the {fkind}.
      - Every day, {hero} looked at the earth. Nothing! "Perhaps the {plant} does not like me," {he} said.

      - On {day}, {he} dug it up to see whether it was doing something. "Leave it in the ground, {hero}," said {elder}. "It works where you cannot see it."
      - {Hero} sang to it about {dream}. {He} even shared {his} {food} with it. "You cannot pull at it to make it grow, {hero}," laughed {elder}.
      - "Some things take time, {hero}," said {elder}. "You were not made in a day either."

      - So {hero} gave it water, pulled out the weeds, and chased away the snails. Days went by, and {hero} learned to wait.
      - It rained, and the sun came out, and it rained again. {Hero} went on {hobby}, but {he} never forgot the water.
      - {Friend} laughed at {hero} and {his} bare patch of earth. But {hero} put a little fence around it, {colour} and neat.

      - And one {weather} morning, there was something green, no longer than a fingernail. "{Eldercall}, it is here!" cried {hero}.
      - Then, after a warm night, two tiny leaves looked out of the earth. {Hero} danced around the {plant}.
      - Then it happened: first a green tip, then a stem, then a leaf. {Hero} measured the {plant} every evening with {elder}'s ruler.

      - By the end of the {season2}, the {plant} was taller than {friend}, and {hero} was as proud as a king. "I only gave it water," {he} told {friend}, "and time."
      - When the {plant} was ripe at last, {hero} shared it with {elder} and {friend}. Nothing had ever tasted so good as what {he} had waited for.
      - {Hero} kept [three|four|seven] seeds for the next year, and gave one to {friend}. "You have to be patient," {he} told {friend}, "and now I know how."
      """),
    Plot(
      "stuck in a tree", .anyone,
      """
      - {Oneday}, {hero} was playing with {his} {toy} when a gust of wind carried it up into the {tree}.
      - {Oneday}, {hero} threw {his} {toy} high into the air. It went up, but it did not come down. It was stuck in the {tree}.
      - {Oneday}, {hero} heard a cry from the top of the {tree}. A small {animal} had climbed up and did not dare to come down.

      - {Hero} jumped as high as {he} could. It was not high enough. {He} threw a stick, and then the stick was stuck in the {tree}, too.
      - {He} shook the trunk. [Leaves|Twigs|Two apples|A few nuts] rained down on {hero}, and nothing else.
      - {Hero} tried to climb, but the lowest branch of the {tree} was too far up. {He} slid down and tore {his} {colour} trousers.

      - {Friend} the {fkind} came along. {Fhe} climbed on {hero}'s shoulders, but the two of them wobbled like a pudding and fell over.
      - "Stand on my back, {friend}," said {hero} to {his} friend, the {fkind}. It was still not enough.
      - "What are you doing, {hero}?" asked {friend} the {fkind}. Together they pulled a box under the {tree}. Now they could almost reach it, but only almost.

      - Then {neighbour} came by with a cart. "What if you stand on the cart, and {friend} stands on the box, and the box stands on the cart?" said {neighbour}.
      - Next came {a big}, who had been watching for a while. "If {friend} sits on your back, {hero}, and you sit on mine," said the {big}, "we will be a tower."
      - "One alone is too short," said {hero}. "But what about all of us?" They called {third}, and {third} called all the others.

      - One on top of the other they stood, and at the very top was {hero}. {He} stretched {his} arm, a bit more, a bit more, and there!
      - The tower swayed to the left. The tower swayed to the right. "I have got it!" shouted {hero} from the top of the {tree}.
      - {Hero} held {his} breath and reached through the leaves. "Hold still, everybody!" said {friend}. And then {hero} laughed out loud: {he} had done it!

      - Everyone cheered, and then the whole tower tumbled into the soft grass. {Hero} shared {his} {food} with all of them, from the biggest to the smallest.
      - "Alone I was small," said {hero}, "but together we were as tall as {a tree}." And they stayed and played {game} until the stars came out.
      - {Hero} thanked them one by one, and {friend} got a special hug. Since that day, when something seems too high, {hero} does not jump. {He} asks.
      """),
    Plot(
      "snow day", .anyone,
      """
      - One morning, {hero} looked out, and the whole {park} was white. It had snowed all night! {He} ran to {friend} the {fkind}.
      - "Snow!" cried {hero}. {He} did not even finish {his} {food}, but ran outside to meet {friend}, {a trait3} {fkind}.
      - In the first week of winter, the snow lay as high as {hero}'s knees. {He} and {friend} the {fkind} put on everything warm they could find.

      - They rolled a big ball, and a smaller one, and a very small one, and soon a snowman stood next to the {tree}. But he had no nose.
      - {Hero} and {friend} built a snowman with {colour} buttons for eyes. "He looks a bit lonely," said {hero}.
      - They made a snowman who was taller than {friend}. "He is freezing," said {hero}. "He needs a hat."

      - "He can have my carrot," said {friend}, although it was {fhis} lunch. And {hero} gave him {his} own {colour2} scarf.
      - {Hero} asked {neighbour} for an old hat, and {friend} found {a treasure2} {spot} for him to wear.
      - They made him a friend, a snow {animal}, and gave it twigs for whiskers. Then {hero} hung {a treasure} around its neck.

      - They called him {third}, and told him about {dream}. {Hero} was sure that {third} smiled.
      - All week they played {game} around him, and in the evening {hero} waved to him from the window.
      - "Good night, snowman," said {hero} every evening. And every morning {friend} brought him {a food2}, which {a bird} ate.

      - Then came a warm {day}. The snowman grew thinner and thinner. "He is leaving us!" cried {hero}, and {his} lip trembled.
      - But the sun grew stronger. First the nose fell off, and then the hat slid down. {Hero} ran to {elder}. "Can we put him in the {room}?" {he} begged.
      - One morning, only the hat and a puddle were left beside the {tree}. {Friend} cried, and {hero} did not know what to say.

      - "He is not gone," said {elder}. "He is in the {water} now, and in the clouds, and next winter he will come back to {hero}." And do you know what? He did.
      - {Elder} pointed to the ground. Where the snowman had stood, {a flower} was growing. "He left you a present, {hero}," said {elder}.
      - {Hero} filled a bottle with the water and gave it to the {plant} in the {room}. The {plant} grew very well. "Thank you, {third}," said {hero}.
      """),
    Plot(
      "sand castle", .child,
      """
      - {Oneday}, {hero} went to the sea with {elder}. {He} wanted to build the biggest sand castle in the world.
      - {Oneday}, {hero} and {elder} took the train to the beach. {Hero} had {a colour} bucket and a little spade.
      - In the holidays, {hero} met {friend} on the beach. "Shall we build a castle, {friend}?" {he} asked. "With towers?" said {friend}. "With a hundred towers!"

      - {He} dug a moat, built a wall, and put {a colour2} feather on the highest tower. It was a castle for {a big} and {a animal}, who were married.
      - They worked the whole morning. There was a bridge of driftwood, and a garden of shells, and a gate for {hero}'s {toy}.
      - {Hero} patted every wall until it was smooth. {A treasure} made of foil shone in the throne room.

      - "It is too near to the water, {hero}," warned {elder}. But {hero} was too busy to listen.
      - Nobody noticed that the sea came closer and closer, until the first wave licked at {hero}'s toes.
      - {Hero} went to eat {a food}. When {he} came back, the tide had begun to rise.

      - Whoosh! A big wave rolled over the castle. When it was gone, there was only a soft heap, and {hero}'s {colour2} feather swam away.
      - The next wave took the gate, and the one after that took the tower. {Hero} shouted at the sea, but the sea did not listen.
      - {Hero} tried to save the castle with {his} bucket. {He} scooped and scooped, but the sea has more water than {a colour} bucket can hold.

      - {Hero} cried. "All my work!" {he} said. {Elder} put a towel around {him}. "Was it fun to build it, {hero}?" "Yes," sniffed {hero}. "Then nobody can take that away."
      - {Hero} wanted to go home. But then {he} saw {a fkind} whose castle was gone, too. "Shall we build one together?" {hero} asked. "Further up, this time?"
      - "The sea only wants to play," said {elder}. "Look, it brought you something, {hero}." There, in the wet sand, lay {a treasure2}.

      - They built a new one, much further up, and {hero} let the sea have a small tower of its own. When the sun went down, both of them were content.
      - So {hero} began again, and this time {he} dug a long canal, so that the waves could run around the castle. It was even finer than the first.
      - On the way back, {hero} looked out of the window of the train. "Tomorrow," {he} said to {elder}, "I will build {a big2} out of sand." And {he} fell asleep.
      """),
    Plot(
      "lost baby animal", .anyone,
      """
      - {Oneday}, {hero} found a tiny {animal} {spot}. It was all alone, and it called for its mother.
      - {Oneday}, when {hero} and {friend} the {fkind} were playing {game}, a small {animal} ran between their feet. It was lost.
      - {Oneday}, something soft bumped into {hero}. It was a baby {animal}, no bigger than {a food}.

      - "Where do you live?" asked {hero}. The little {animal} only shook its head. It had never been away from home before.
      - "Do not worry, little {animal}," said {hero}. "I know what it is like to be lost. We will find your mother."
      - The {animal} looked up at {hero} with big round eyes. {Hero}'s heart melted like butter on {a food2}.

      - They asked the {bird}, who sees everything from above. "I saw {a animal} by the {water}," it sang. But there was nobody by the {water}.
      - They asked the {big}. "Not here," said the {big}, chewing slowly. "Try beyond the {tree}, {hero}."
      - They went to the {tree}, and they went to the {water}. "Is this your mother?" asked {hero}, and {he} pointed at {a big}. The {animal} giggled for the first time.

      - The little one grew tired. {Hero} put it on {his} back and sang about {dream}, so that it would not be afraid.
      - It grew late, and {hero}'s feet hurt. But {he} had made a promise, and {he} went on through the {park}.
      - Then the {animal} began to cry again. {Hero} gave it {his} {food}, and then {he} had an idea. "Call as loudly as you can!" {he} said.

      - They listened. From far away, {spot2}, came an answer. The little {animal} pricked up its ears and began to run.
      - All at once, the {animal} sniffed. It knew that smell! It pulled {hero} along, past {a flower}, around a corner, and there was its mother.
      - And there, in the middle of the path, stood the mother {animal}. She had been looking for her little one since {day}.

      - "Thank you, {hero}," said the mother {animal}. "You have a warm heart." {Hero} ran home to {elder} and hugged {ehim} for a very long time.
      - The mother licked her little one from head to tail. {Hero} slipped away quietly. At home, {elder} asked, "Where have you been, {hero}?" "I brought somebody home,"
        said {hero}.
      - The two {animal} noses touched. {Hero} had to swallow, it was so beautiful. And whenever {he} came past that place again, {a animal} waved to {him}.
      """),
  ]
}
