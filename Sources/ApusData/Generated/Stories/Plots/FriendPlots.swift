// Friends: made, shared with, quarrelled with and helped.

extension StoryPlot {
  static let friendPlots = [
    StoryPlot(
      "sharing food", .anyone,
      """
      - {Oneday}, {elder} gave {hero} {a food}. It smelled so good that {hero} ran to the {park} to eat it
        all alone.
      - {Oneday}, {hero} had {a food} for lunch, the biggest {he} had ever seen.
      - {Oneday}, {hero} sat under the {tree} with {a food} in {his} lap.

      - Just as {hero} opened {his} mouth, {a fkind} named {friend} sat down beside {him}. "That looks
        nice," said {friend}.
      - Then {pal} came by. {Fhis} lunch had fallen into the {water}, and {friend} had nothing to eat.
      - {Friend}, {a trait2} {fkind}, was watching from behind the {tree2}. {Fhis} tummy rumbled so loudly
        that {hero} could hear it.

      - {Hero} turned away. "This {food} is mine," {he} said. {Friend} nodded and looked at the ground.
      - "There is not enough for two," said {hero} quickly, though {he} knew that it was not true. {Friend}
        walked slowly away.
      - {Hero} pretended not to see {friend}. But the first bite of the {food} did not taste as good as {he}
        had thought.

      - {Hero} looked at the {food} and then at {friend}. {He} remembered how {elder} always gave {him} the
        larger half.
      - {A bird} nearby was feeding its young, one crumb for each. {Hero} watched it and felt ashamed.
      - Something was wrong with {hero}'s {food}. {Hero} had the whole {food}, and yet {he} felt {sad}.

      - "Wait, {friend}!" called {hero}. {He} broke the {food} in two and held out the bigger piece.
      - {Hero} ran after {friend}. "I am sorry," {hero} said. "Please have half of my {food}."
      - "Come here, {friend}," said {hero}. "{A food} is much too big for one."

      - They ate together and talked about {dream}, and {friend} told a joke that made {hero} laugh until
        {he} fell over. Half of the {food} had tasted better than the whole.
      - {Friend}'s eyes shone. The next day, {friend} brought {a food2} and gave {hero} half of it. When we
        share {a food}, there is more for everyone.
      - When the last crumb was gone, {friend} showed {hero} a secret place {spot}. From then on, {hero} and
        {friend} met there every {day}.
      """),
    StoryPlot(
      "a quarrel", .anyone,
      """
      - {Oneday}, {hero} and {pal} found {a toy} {spot}. "I saw it first!" said {hero}. "No, I did!" said
        {friend}.
      - {Oneday}, {hero} and {his} friend {friend} both wanted to play with the same {toy}. {Friend} was {a
        trait3} {fkind} and did not let go.
      - {Hero} and {pal} were best friends. But on {day}, they quarrelled about {a toy}.

      - {Hero} pulled at one end, and {friend} pulled at the other. Crack, went the {toy}! The {toy} broke
        in the middle.
      - They pushed, they pulled, they shouted about the {toy}. Then the {toy} fell into the {water} and
        floated away.
      - They shouted so loudly that {a bird} flew up from the {tree}. Then {friend} let go, {hero} fell
        down, and the {toy} broke.

      - "I will never play with you again, {friend}!" cried {hero}. {Friend} went home without a word.
      - "Go away!" said {hero}. "I am going!" said {friend}. And each of them sat alone, {hero} {spot} and
        {friend} {spot2}.
      - {Hero} ran into the {room} and shut the door. {Friend} was crying outside.

      - The next day was long and dull for {hero}. {Hero} tried to play {game}, but {game} was no fun
        without {friend}.
      - {Hero} looked out at the rain. {He} thought of {friend}, of all their games, and of the silly {toy}.
      - "Which would you rather have, {hero}," asked {elder}, "{a toy} or {friend}?" {Hero} did not have to
        think for long.

      - So {hero} went to {friend}'s door with {a gift}. At the same moment, the door opened, and {friend}
        stood there with {a food}.
      - {Hero} drew a picture of the two of them and carried it to {friend}. "I am sorry," {hero} said. "I
        am sorry, too," said {friend}.
      - {Hero} mended the {toy} as well as {he} could, and tied a ribbon around it for {friend}.

      - {Hero} and {friend} looked at each other and began to laugh. "We can take turns," said {hero}. "You
        first, {friend}." And that is what {hero} and {friend} did with everything, from that day on.
      - {Friend} hugged {hero}. "You matter more to me than any {toy}," said {friend}. They played {game2}
        until it was dark.
      - Soon {hero} and {friend} were playing {game2} as if nothing had happened. A quarrel is like {season}
        rain: it passes, if [you let it|you wait|nobody holds on to it|someone says sorry].
      """),
    StoryPlot(
      "a shy newcomer", .anyone,
      """
      - {Oneday}, {hero} saw somebody new in the {park}. It was {a fkind}, who hid {spot} and peeped out.
      - {Oneday}, a new family moved in next door. {Hero} saw {a fkind} at the window, holding {a toy}.
      - {Oneday}, when {hero} and the others were playing {game}, {a fkind} stood {spot} and watched them.

      - "Hello, I am {hero}! Do you want to play {game}?" called {hero}. But the {fkind} shook {fhis} head
        at {hero} and ran away.
      - {Hero} waved, and at once the {fkind} was gone. "That one is strange," said {third}. "Maybe just
        shy," said {hero}.
      - {Hero} went closer and smiled, but the {fkind} did not say a word and looked at {fhis} feet.

      - The next day, {hero} had a better idea. {He} put {a food} down {spot2} and went on playing {game2}.
      - {Hero} did not give up. {He} made {a gift} and laid it where the {fkind} would find it.
      - "When I was new here, I was afraid, too," said {elder}. "Do not pull, {hero}. Just leave the door
        open for [a while|a day or two|this {fkind}|the {fkind} next door], {hero}."

      - On {day}, the {fkind} came out a little way. On {day2}, {fhe} sat down beside {hero}. "I am
        {friend}," {fhe} said at last, very softly.
      - After a while, a small voice behind {hero} asked, "Is this from you? My name is {friend}." {Hero}
        turned around and {smiled}.
      - {Hero} sat down and drew {a big} in the sand. Soon the {fkind} sat down beside {hero}. "I can do
        that as well," {friend} said. "I am called {friend}."

      - It turned out that {friend} knew all about {dream} and could tell wonderful stories. {Hero} could
        have listened for hours.
      - {Friend} was not strange at all. {Friend} could [whistle with two fingers|walk on {fhis} hands|make
        a boat out of a leaf], and {fhe} showed {hero} how to do it.
      - They found out that both of them liked {a food2} best and that neither of them liked {fear}.

      - By {season}, no one could remember a time when {hero} and {friend} had not been friends.
      - "Why did you not run away from me?" asked {friend} later. "Because I could see that you were nice,"
        said {hero}. It is good, {hero} learned, to give somebody time.
      - From then on there was one more for every game of {game2}, and {hero} always kept a place for
        {friend}.
      """),
    StoryPlot(
      "a surprise party", .anyone,
      """
      - Tomorrow was {hero}'s birthday, and {he} could hardly sleep. {He} wished for {a toy} with all {his}
        heart.
      - On {day}, it was {hero}'s birthday. {He} woke up before the first {bird} and ran into the {room}.
      - {Hero} had counted the days on {his} wall. At last {hero}'s birthday was here!

      - But nobody said a word about {hero}'s birthday. {Elder} only asked, "{Hero}, have you seen my
        {colour} hat?"
      - At breakfast, {elder} talked about the weather. {Hero} waited and waited, but {elder} did not sing
        the birthday song.
      - {Hero} met {pal} in the {park}. "I have no time today, {hero}," said {friend}, and ran away.

      - "Everybody has forgotten me," thought {hero}. {He} sat {spot} with {his} chin in {his} hands.
      - {Hero} went down to the {water} and threw stones. {He} felt {sad} and very small.
      - {Hero} told {his} {toy2} about it, for there was no one else to talk to. "They do not care," {hero}
        said.

      - In the afternoon, {elder} called, "{Hero}, would you fetch me a jar from the {room2}?" Slowly,
        {hero} opened the door. It was dark inside the {room2}.
      - When {hero} came home, the windows were dark, and it was very quiet. There was {a sound} noise from
        the {room2}.
      - Then {hero} found a note {spot2}. It said: "Follow the {colour2} ribbon, {hero}!" {He} followed it
        to the {room2}.

      - "Surprise, {hero}!" shouted many voices. There stood {elder} and {friend} and all the others, with
        lanterns, balloons and {a cake}!
      - Suddenly the lights in the {room2} went on. "Happy birthday, {hero}!" cried {friend}, and everybody
        sang. On the table stood {a cake} with candles.
      - There was music, and there was {a cake} as big as a wheel, and everyone {hero} loved was there. "Did
        you think we could forget you, {hero}?" laughed {friend}.

      - And in a box with {a colour3} bow was the {toy} that {hero} had wished for. But the best present,
        {hero} thought, was that so many friends had come.
      - {Hero} laughed and cried at once. They danced until {friend} fell asleep under the table with {a
        food} in {fhis} hand.
      - "This is the best birthday of my life," said {hero}, and {he} gave the first piece of the {cake} to
        {friend}.
      """),
    StoryPlot(
      "helping a neighbour", .child,
      """
      - {Oneday}, {hero} saw {neighbour} coming up the hill with two heavy bags full of {plant} seeds and
        potatoes.
      - {Oneday}, {neighbour} was trying to carry {a gift} and {a colour} ladder at the same time.
      - {Oneday}, {hero} was on the way to play {game} with {friend}. Then {he} saw old {neighbour}, whose
        basket had tipped over on the road.

      - {Friend} was already waiting for {hero}. "Hurry up, or we will start {game2} without you!" called
        {friend}. {Hero} looked at {friend}, and {he} looked at {neighbour}.
      - {Hero} wanted to get to the {park}, where {friend} was waiting. But {neighbour} looked so tired.
      - "It is not my bag," thought {hero}. "But {neighbour} is all alone."

      - "May I help you, {neighbour}?" asked {hero}. {Hero} took the heaviest things and carried them all
        the way, though {his} arms hurt.
      - {Hero} picked everything up, wiped the dust off, and walked beside {neighbour} to the little house
        with the {colour2} door.
      - "Let me do that, {neighbour}," said {hero}. Step by step, they went on together, and {neighbour}
        told {him} about the old days.

      - "What can I give you, {hero}?" asked {neighbour} at the door. "Nothing," said {hero}. "I did it
        because I like you, {neighbour}."
      - "You are a [kind|good|helpful|thoughtful] {kind}, {hero}," said {neighbour}. "I will not forget this
        {day} [for a year|for ten years|as long as I live|for a long time]."
      - When they were there, {neighbour} gave {hero} {a food}. The {food} was wrapped in {colour3} paper.

      - A week later, {hero}'s {toy} flew over the fence and broke. {He} was {sad}. "Bring it to me,
        {hero}," said {neighbour}. "I used to be {a job}, and I can mend anything."
      - Some days later, {hero} fell off {his} bicycle on that same road and hurt {his} knee. Who came
        running with [a bandage|a plaster|cool water] for {hero}? It was {neighbour}!
      - On {day}, it rained, and {hero} had forgotten {his} key. {Hero} stood in the wet and shivered. "Come
        in, {hero}!" called {neighbour}. "There is [hot chocolate|warm milk|a fire] and {a food} for you."

      - So {hero} learned that kindness is like a ball: you throw it, and one day it comes back. {Neighbour}
        and {hero} had tea together every {day2} after that.
      - "You see, {hero}," said {neighbour}, "now we have helped each other." And {hero} had a friend who
        was seventy years older than {he} was.
      - Since then, {friend} helps, too. And when the work is done, {neighbour} plays {game2} with both of
        them, and laughs louder than anyone.
      """),
    StoryPlot(
      "a boaster", .animal,
      """
      - {Hero} had found {a treasure} and showed it to everyone. "Nobody has such a fine {treasure} as I
        do," {he} said to {pal}.
      - {Hero} was very proud of {his} {colour} tail. "Yours is so plain, {friend}," {he} told the {fkind}
        next door.
      - "I am the cleverest animal in the {park}," said {hero} every morning. "Even {pal} knows less than I
        do."

      - {Friend} did not mind, but the other animals grew tired of it. When {hero} came along, they found
        something else to do, and soon {hero} sat alone {spot}.
      - "Good for you, {hero}," said {friend}, and went on gathering nuts for the {season}. One after the
        other, the animals stopped listening to {hero}.
      - {Hero} talked so much that {friend} covered {fhis} ears. Before long, nobody asked {hero} to play
        {game} any more.

      - Then, on {day}, a storm came. It shook the {tree}, and the rain washed {hero}'s home away, with
        everything that was in it.
      - One night it snowed so much that {hero} could not find anything to eat. {Hero} was cold, and {he}
        was hungry.
      - Then {hero} slipped and got stuck {spot2}. {Hero} called and called, but the wind carried {his}
        voice away.

      - {Hero} had no one to go to. Then somebody [knocked|whistled|called] [softly|three times|twice|in the
        dark] {spot3}. It was {friend}, with a lantern. "I was worried about you, {hero}," {fhe} said.
      - "{Hero}! Where are you, {hero}?" It was the voice of {friend}, who had gone out to look for {him},
        because nobody had seen {him} all day.
      - {Hero} saw a light in the dark. {Friend} had come, carrying {a food} and a warm blanket.

      - "Why do you help me?" asked {hero}. "I was not nice to you, {friend}." "Because you need it," said
        {friend}, and that was all.
      - {Hero} began to cry. "I have nothing now, {friend}," {he} said. "You have me," said {friend}.
      - {Friend} took {hero} home and gave {him} the soft place by the fire. {Hero} could not speak for
        shame.

      - When the sun came back, {hero} asked {friend}, "How are you, and what can I do for you?" {Hero} had
        never asked that before. A good heart is worth more than {a treasure2}.
      - After that night, {hero} boasted no more. And when someone praised {him}, {he} said, "Do you know
        {friend}? There is nobody like {friend}."
      - {Hero} helped {friend} with the nuts all {season} long. And the other animals saw it and asked
        {hero} to play {game2} again.
      """),
  ]
}
