// Wishes and wonders: magic that teaches, the moon, and warnings not heard.

extension StoryPlot {
  static let wonderPlots = [
    StoryPlot(
      "a magic wish", .child,
      """
      - {Oneday}, {hero} found {a colour} bottle {spot}. {He} rubbed the dust off, and out came a very small
        wizard, no taller than {a food}.
      - {Oneday}, {hero} caught {a colour} fish in the {water}. "Let me go," said the fish, "and I will
        grant you a wish, {hero}."
      - {Oneday}, an old woman sat {spot}. {Hero} gave her half of {his} {food}. "For that," she said, "you
        may have a wish, {hero}."

      - "One wish for {hero}, and no more," the voice said. "Think well, {hero}." {Hero} did not think at
        all. "I wish that everything I touch turns into {cake}!" {hero} cried.
      - {Hero} thought of {hobby}. "I wish that I never had to stop {hobby}!" {hero} said quickly.
      - "I want a hundred {colour2} balloons," said {hero}, "no, a thousand!" And puff, {hero}'s wish was
        done.

      - At first it was wonderful for {hero}. {Hero} laughed and jumped and called {friend} to come and see.
      - "Look, {friend}!" cried {hero}. It was the best morning of {hero}'s life.
      - {Hero} could not stop laughing. {Friend} stood there with an open mouth and almost dropped {fhis}
        {toy}.

      - But soon {hero} began to grow tired of it. {He} wanted to hug {elder}, and {he} could not. {Hero}
        wanted to rest, and {he} could not.
      - By noon it was less fun for {hero}. By evening it was no fun at all, and {friend} had gone home to
        have {a food2}.
      - Then {friend} asked, "Can we play {game} now?" And {hero} had to say no. There was no end to the
        thing {hero} had wished for.

      - {Hero} ran back as fast as {he} could. "Please," {hero} begged, "take it away again! I want
        everything to be as it was with {friend} and {elder}."
      - "I was foolish," cried {hero}. "Can I give the wish back and keep only my {toy2}?" {Hero} heard
        nothing for a while, and then a laugh like [a bell|glass|coins|pebbles|keys] falling on stone.
      - With tears in {his} eyes, {hero} went back to the place where it had all begun. "I do not want any
        more wishes," {hero} said.

      - There was a flash and a smell of {flower}, and everything was as before. {Hero} ran home and hugged
        {elder}. "I have all I need," {hero} said.
      - "You have learned something today, {hero}," said the voice, and then it was gone. That evening,
        {hero} ate {a food2} with {friend}, and it was better than magic.
      - When {hero} opened {his} eyes, {he} was holding only {a treasure2}. {Hero} still has it, and when
        {he} wants too much, {he} looks at it and smiles.
      """),
    StoryPlot(
      "the moon", .anyone,
      """
      - {Hero} loved the moon, and {he} wanted to touch it. "How far away can it be?" {he} asked {pal}.
      - One {weather} night, {hero} saw the moon above the {tree}. It was as round as {a cake}. "I want to
        have it," {hero} said.
      - "If I could hold the moon," said {hero} to {pal}, "I would never be afraid of the dark again."

      - {He} climbed the {tree}, up to the last branch. {Hero} stretched out {his} hand, but the moon was
        still far away.
      - {Hero} climbed the highest hill. When {hero} was at the top, the moon had climbed as well.
      - {Hero} threw a rope around the moon, or so {he} thought. It was only the {colour} lamp by the gate.

      - "Maybe we need {material}," said {friend}. They piled up {material} until the heap was as high as a
        house. It was not enough, and {hero} slid down with a bump.
      - {Hero} asked the {bird}. "I have flown high," said the {bird}, "but the moon is always higher."
      - {Friend} held a mirror, and {hero} tried to catch the light in a sack. When {friend} opened the
        {colour} sack, it was empty.

      - {Hero} was {sad} and went down to the {water}. And there, in front of {hero}, it was! The moon was
        lying in the {water}, right in front of {his} feet.
      - Tired and {sad}, {hero} sat down beside a bucket of water. {Hero} looked in and could not believe
        {his} eyes. The moon looked back at {hero}.
      - Then {friend} called from the {water}, "{Hero}, come quickly! Your moon has fallen into the {water},
        and it is not even broken!"

      - Very gently, {hero} put out a finger. The moon in the {water} trembled and broke into [a
        hundred|forty|a thousand] pieces, and then it grew round [again|like before|once more].
      - {Hero} reached for it with both hands. The {water} was cold, and the moon ran through {hero}'s
        fingers like silk.
      - "I am touching it!" whispered {hero}. Small rings spread across the {water}, all made of silver.

      - "You cannot keep it," said {elder}, who had come to look for them. "But it will be there for you
        every night, {hero}." And {hero} was content.
      - "Now I understand," said {hero}. "It does not belong to [me|me alone|one {kind}|one of us]. It
        belongs to {friend}, too, and to the {bird}, and to everyone." And {hero} and {friend} sat there
        until the moon went to bed.
      - {Hero} waved to the moon all the way home, and {he} was sure that it followed {him}. It was shining
        on {hero}'s pillow when {he} lay down.
      """),
    StoryPlot(
      "not listening", .anyone,
      """
      - "Do not go near the {water} alone," {elder} always said. "The stones are slippery, {hero}."
      - "Never climb on the old wall behind the {room}," said {elder}. "It is not safe, {hero}."
      - "Do not eat the {colour} berries {spot}, {hero}," {elder} had told {him} more than once.

      - But on {day}, {hero} was bored. "{Eldercall} worries too much," {he} said to {pal}. "I only want to
        have a [look|quick look|little look|short look] with you, {friend}."
      - "I am big enough," thought {hero} on {day}. {He} looked left and right, and nobody was watching but
        {a animal}.
      - "You should not do that," said {pal}. "Are you afraid?" laughed {hero}, and off {he} went.

      - At first, nothing happened to {hero}. "You see, {friend}?" said {hero}. {Hero} felt very clever.
      - {Hero} did just what {he} had been told not to do, and for a little while it was fun. {Hero} even
        sang a song about {dream}.
      - {Hero} went closer, and then a little closer. It was so easy, {hero} thought!

      - Then {hero} slipped. {He} grabbed at {a plant}, but it broke, and {he} could not move forward or
        back. "Help, {eldercall}, it is {hero}!" {hero} shouted.
      - Suddenly {hero} felt a sharp pain, and {his} head began to spin. "{Friend}," {he} called weakly, "I
        do not feel well."
      - All at once, {hero} was in trouble, and {he} wished that {he} had listened to {elder}. {He} held on
        to a branch of the {tree} and cried.

      - {Friend} ran as fast as {fhis} legs could carry {fhim}. "Come [quickly|at once|as fast as you can]
        to {hero}!" {fhe} called to {elder}. "{Hero} is in danger!"
      - {A big} heard {him} and called for {elder} with a voice like {a instrument}. Soon {hero} heard steps
        on the path.
      - Luckily, the {job} was passing by and heard {hero}. The {job} ran to get {elder}.

      - {Elder} came running, lifted {hero} up, and carried {him} home. {Ehe} gave {him} hot tea and put {a
        colour2} blanket around {him}.
      - Strong arms took hold of {hero}. It was {elder}, and {ehis} face was pale. "You are safe now,
        {hero}," said {elder}.
      - {Elder} did not scold {him}. {Ehe} only held {hero} close, and {hero} could feel how fast {ehis}
        heart was beating.

      - "I am sorry, {eldercall}," sobbed {hero}. "I thought I knew better than {friend}." "I do not say no
        to spoil your fun, {hero}," said {elder}. "I say it because I love you more than [gold|the
        world|anything|my life|the moon]."
      - {Hero} had to stay in bed until {day2}. {Friend} brought {him} {a food}. "Next time I will listen,"
        said {hero}, and {he} did.
      - From that day on, when {elder} said no, {hero} asked why, and then {he} listened to the answer.
      """),
    StoryPlot(
      "having too much", .anyone,
      """
      - {Oneday}, there was a big feast in the {park}. There was {a cake}, there was {a food}, and there was
        {a food2}.
      - {Oneday}, {hero} found a whole basket full of cherries {spot}. "I will not tell anybody," {hero}
        decided.
      - {Oneday}, {elder} baked {a cake} for the party on {day}. "Please do not touch it, {hero}," {ehe}
        said, and went out.

      - {Hero} only wanted a tiny bite. Then {hero} wanted another one. And then {hero} wanted just one
        more, because it was so good.
      - "One will not be missed," thought {hero}. It was [so sweet|so soft|so juicy|better than {a cake2}],
        {hero} thought! {Hero} ate another, and another, and soon {he} stopped counting.
      - {Hero} looked at it from the left and from the right. It smelled of [summer|sugar|butter|sunshine]
        and {flower}. Before {hero} knew it, {his} mouth was full.

      - {Pal} passed by. "May I have some, too?" asked {friend}. {Hero} shook {his} head, with {his} cheeks
        as round as {a toy}.
      - "Will you not leave some for {friend}?" chirped {a bird}. But {hero} did not want to hear it.
      - "Are you not full, {hero}?" asked {pal}. "Not yet," said {hero} with {his} mouth full.

      - Soon there was nothing left for {friend} but crumbs. {Hero} wanted to get up, and {he} could not.
        {Hero}'s tummy was as tight as a drum.
      - Then {his} stomach began to make {a sound} noise. {Hero} lay down under the {tree} and groaned.
      - A little later, {hero} did not feel well at all. {He} was green in the face, like {a plant} leaf.

      - {Elder} came and saw the crumbs on {hero}'s nose. {Elder} did not need to ask. {Elder} made {him} a
        cup of tea with mint.
      - "Oh, {hero}," said {elder}, and sat down on the edge of {his} bed. "What have you done, my {trait2}
        {kind}?" {Hero} told {ehim} the truth.
      - {Friend} heard {hero} groan, and went to get {elder}, even though {hero} had not shared with {fhim}.

      - The next day {hero} felt better. {He} helped {elder} to bake {a cake2}, and {he} cut it into equal
        pieces for everyone. {Friend} got the first one, and {hero} had only one piece.
      - "I am sorry that I did not share with you, {friend}," said {hero}. {Hero} and {friend} laughed about
        it later. But {hero} did not want to see {a cake3} for [two|three] whole weeks.
      - "Now I know," said {hero}, "that too much of a good thing is not a good thing." And after that, {he}
        always asked {friend} first.
      """),
    StoryPlot(
      "the big one and the small one", .smallAnimal,
      """
      - {Hero} was the smallest of all the animals in the {park}, and {he} did not like it. "I wish I were
        as big as the {big}," {he} said every day.
      - {Oneday}, the animals wanted to play {game}. "You are too small, {hero}," said {pal}. "{Third} will
        step on you."
      - Nobody ever asked {hero} for help, because {he} was so small. {Pal} called {him} "crumb".

      - {Hero} ate {a food} every hour to become bigger. {Hero} only became rounder.
      - {Hero} stood on a stone to look taller. {He} hung from the {tree} to grow longer. It did not help
        {hero} at all.
      - {Hero} went away and sat {spot}, where nobody could see how {sad} {he} was.

      - Then one {weather} day, there was a terrible noise. The {big} had stepped into a net that a hunter
        had hidden {spot2}!
      - One evening, {friend} fell into a hole near the {tree2}. The hole was deep, and so narrow that {a
        big2} could not get in.
      - Then {friend}'s youngest sister was trapped under the roots of the {tree2} after a storm. Not even
        {a big2} could reach her.

      - The strongest animals, even {a big2}, pulled and pushed. It did not move an inch [on that {day}|for
        {third}|for anyone]. "What can we do, {third}?" they asked.
      - The {big2} tried, and it was too heavy. {Third} tried, and {ghis} legs were too long. "It is
        hopeless," said {third}.
      - {Third} and all the others ran in circles and shouted. Nobody thought of {hero}.

      - "Let me through, {third}," said a small voice. It was {hero}. {Hero} was just small enough to
        squeeze inside, and {his} teeth were sharp. {Hero} gnawed and gnawed.
      - {Hero} did not ask for long. With a rope between {his} teeth, {hero} crawled in where nobody else
        could fit. "Pull, {third}!" {hero} called.
      - "I can do it," said {hero}. {Third} and some of the others laughed. But {hero} slipped through the
        gap like a thread through a needle.

      - It took a long time, and {his} jaw hurt, but {hero} did not give up. And when the moon rose over the
        {park}, it was done.
      - {Hero} pulled a little to the left, a little to the right, and there was a snap. Free at last,
        thanks to {hero}! {Hero} came out last, covered with dust, and blinked.
      - There was a creak, there was a crack, and then there was a cheer so loud that {a bird} fell off its
        branch.

      - "Forgive me, {hero}," said {friend}. "No {big3} is as great as you are." {Hero} sat on the back of
        {a big} that evening, and {he} could see the whole {park} from up there. But {hero} did not want to
        be big any more.
      - From that day on, nobody said that {hero} was too small. "Small is a very good size," said {hero},
        "when the hole is small."
      - They all carried {hero} home on their shoulders, and {friend} walked in front and sang. It does not
        matter how big {a kind} is. It matters what {a trait2} {kind} does.
      """),
    StoryPlot(
      "a letter", .child,
      """
      - {Oneday}, the postman brought a letter with {a colour} stamp. It was for {hero}! {Hero} had never
        had a letter before.
      - {Oneday}, {hero} found a letter in a bottle on the bank of the {water}. The {colour} paper smelled
        of salt and {flower}.
      - {Oneday}, a paper plane landed {spot}, right in front of {hero}. Something was written on its
        {colour} wings.

      - "Dear finder," it said, "I am {friend}, and I have nobody to play {game} with. Will you write to
        {friend}?"
      - "My name is {friend}," {hero} read. "I live on the other side of the {water}. What do you like best,
        {a food} or {a food2}? I like {hobby2}."
      - It said: "I have been ill in bed since {day3} and it is very dull. Please tell me about {dream2} or
        something beautiful. Your {friend}."

      - {Hero} sat down at once with a sharp pencil. {He} wrote about {dream}, and about {his} {toy}, and
        drew {a big} in the corner.
      - "I like {hobby}," wrote {hero}, "and eating {a food}." It took {him} the whole afternoon, for {hero}
        did not write very fast yet.
      - {Hero} did not know what to write. "Begin with the weather," said {elder}. So {he} wrote, "It is
        {weather} here," and then the rest came by itself.

      - For a week, no answer came for {hero}. {Hero} looked into the letter box every morning, and found
        nothing but {a bird}'s feather.
      - {He} waited until {day}, and {he} waited until {day2}. "Maybe my letter got lost," said {hero}, and
        {he} was {sad}.
      - Then {hero} had to wait. Waiting, {hero} found, was harder than writing. {Hero} asked {elder} three
        times a day whether the post had come.

      - At last it was there, a thick letter with a drawing of {a animal} on it. {Hero} read it aloud to
        {elder}, to the {toy}, and to {a bird2} at the window.
      - And then there was a letter, and in the letter was {a flower}, pressed flat. "For {hero}, my
        friend," it said.
      - Finally, on {a weather2} {day3}, the bell rang. The postman handed {hero} a small box. In it lay {a
        treasure} and a note: "You made me laugh. {Friend}."

      - {Hero} and {friend} wrote to each other for a whole year. And one {weather2} {season} day, {a fkind}
        stood at the gate with a suitcase in {fhis} hand. "Are you {hero}?" asked {friend}. It was as if
        {hero} and {friend} had always known each other.
      - From then on, {hero} wrote every {day}, and {he} kept all of {friend}'s letters in a box under {his}
        bed. A letter is a small thing, but it can cross the {water} and open a door.
      - In the holidays, {elder} took {hero} to visit {friend}. They ate {a food2}, played {game2}, and
        talked until the stars came out. The best friends, {hero} found, may live far away.
      """),
  ]
}
