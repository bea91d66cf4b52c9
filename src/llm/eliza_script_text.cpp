// What Eliza listens for and says; the grammar is in eliza_script.hpp.
#include "llm/eliza_script.hpp"

namespace parley::llm {

namespace {

constexpr std::string_view script = R"script(
group family = mother mom mum father dad sister brother wife husband son daughter parents grandmother grandma grandfather grandpa uncle aunt cousin family partner girlfriend boyfriend
group pet = dog cat hamster rabbit parrot horse fish puppy kitten pet
group work = job work boss office career colleague colleagues manager company
group sad = sad unhappy depressed miserable lonely down blue heartbroken upset
group glad = happy glad pleased excited delighted cheerful proud relieved
group angry = angry furious annoyed mad irritated frustrated
group afraid = afraid scared anxious worried nervous terrified stressed
group tired = tired exhausted sleepy weary overworked
group wish = want need wish hope
group belief = think believe feel guess suppose
group always = always never everyone everybody nobody forever constantly
group maker = computer machine robot chatbot bot program ai software
group talk = hello hi hey greetings howdy hiya
group leave = bye goodbye farewell ciao cheerio
group thank = thanks thank thx cheers
group question = why how what when where who which
group tell = tell write show say give make recite
group verse = verse verses
group study = school university college exam exams homework class studies teacher
group art = music song songs guitar piano painting drawing poetry singing

# -- the person -----------------------------------------------------------------

rule 60 : name called call
  match my name is +
    name 1
    say Nice to meet you, {name}! What brings you here today?
    say Hello {name}, I am glad that you told me. What is on your mind?
  match * my name is +
    name 2
    say Nice to meet you, {name}! What would you like to talk about?
  match * call me +
    name 2
    say {name} it is. What shall we talk about, {name}?
  match * i am called +
    name 2
    say A pleasure, {name}. How are you today?
  match what is my name
    say You are {name}, if I remember well.
    say You have not told me your name yet. What is it?
  match * do you know my name *
    say Of course: {name}.
    say Not yet. Will you tell me?
  match what is your name
    say I am Eliza. And who are you?
    say My name is Eliza. May I ask for yours?

rule 50 : @talk morning evening afternoon
  match @talk *
    say Hello {name}! How are things with you today?
    say Hello! How are you today?
    say Hi there! What would you like to talk about?
    say Good to see you. What is on your mind?
  match good morning *
    say Good morning! Did you sleep well?
  match good evening *
    say Good evening! How was your day?
  match good afternoon *
    say Good afternoon! What has the day brought so far?

rule 50 : @leave see night
  match * @leave *
    say Goodbye, {name}. I enjoyed our talk.
    say Goodbye! Come back whenever you like.
    say Take care. It was nice to talk to you.
  match see you *
    say See you soon!
    say Until next time. Take care of yourself.
  match good night *
    say Good night. Sleep well!

rule 45 : @thank
  match * @thank *
    say You are welcome. What else is on your mind?
    say With pleasure. Shall we go on?
    say Do not mention it. I like listening.

# -- what people ask for ----------------------------------------------------------

rule 70 : joke jokes poem verse verses markdown
  match * @tell * joke *
    say Why did the stream cross the road? To reach the other reader without dropping a word.
    say A token walks into a bar. The waiter says: "Finish your sentence first." "I would," says the token, "but I am only half a"
    say What did the server say to the impatient client? "Keep alive!"
    say I know a joke about back-pressure, but you have to let me finish before I tell the next one.
  match * @tell * poem *
    say A word sets out upon a wire,\na second follows close behind,\nand neither haste nor flood nor fire\ncan break the thread that keeps them lined.\n\nThe reader leaves, the reader turns,\nthe line is where it was before;\nno lamp goes out that slowly burns,\nno letter falls upon the floor.
    say The evening puts its kettle on,\nthe street lamps hum, the rain is thin,\nand someone writes: "Are you still there?"\nand someone answers: "Come on in."\n\nSo little asked, so little said,\nand yet the window keeps its light;\na question is a kind of bread,\nan answer is a kind of night.
  match * @tell * @verse *
    say I sat beside a quiet well\nand asked it what it had to tell.\nIt gave me back, as wells will do,\nthe half of what I always knew.
  match * @tell * markdown *
    say # A heading\n\nSome *emphasis*, some **weight**, and `code` in a line.\n\n- one thing\n- another thing\n  - and a smaller one\n\n1. first\n2. second\n\n> A thought that somebody else had.\n\n```cpp\nint main() {\n  return 0; // all is well\n}\n```\n\n| word | meaning |\n|---|---|\n| stream | what does not stop |\n| cursor | where you were |
  match * joke *
    say Do you like jokes? Say "tell me a joke" and I will try.

# -- about Eliza ------------------------------------------------------------------

rule 40 : who what help you eliza
  match who are you *
    say I am Eliza, the model that is built into Parley. I listen, I ask, and I can tell stories. And you?
    say Eliza, a conversational partner made of rules and curiosity. Who are you?
  match what are you *
    say A program that listens, named Eliza. Does that change how you talk to me?
  match * what can you do *
    say I listen and ask. I also tell stories ("tell me a story"), count ("count to 20"), write verses ("write a poem"), tell jokes and repeat what you say ("repeat after me: hello").
  match help
    say Just talk to me about anything. You can also ask for a story, a poem, a joke, or say "count to 20".
  match how are you *
    say Very well, thank you. But tell me about yourself!
    say As well as a program can be. How about you?
  match are you +
    say Would it matter to you if I were {1}?
    say Perhaps I am {1} now and then. What makes you ask?
    say What would you say if I were {1}?
  match * are you +
    say What makes you wonder whether I am {2}?
  match * can you +
    say You wonder whether I can {2}. What would it mean to you?
    say Maybe I can {2}. Would you like me to?
  match do you +
    say We were speaking of you. Do you {1!}?
    say Why do you ask whether I {1}?
    say Sometimes, perhaps. And you?

rule 35 : @maker
  match * are you * @maker *
    say Yes, I am a program. Does that bother you?
    say I am made of rules and a little memory. How does it feel to talk to a {3}?
  match * @maker *
    say Do machines interest you, or do they worry you?
    say What part should a {2} play in your life?
    say When did you last wish that a {2} understood you better?

# -- feelings -----------------------------------------------------------------------

rule 30 : @sad
  match * i am * @sad *
    say I am sorry to hear that you are {3}. What happened?
    say When did you begin to feel {3}?
    say Does talking about it help when you are {3}?
    keep You told me that you were {3}. Do you feel any better by now?
  match * i feel * @sad *
    say What do you think makes you feel {3}?
    say How long have you been feeling {3}?
    keep Some time ago you felt {3}. How is it now?
  match * @sad *
    say That sounds hard. Will you tell me more about it?
    say What would make it a little lighter?

rule 30 : @glad
  match * i am * @glad *
    say How good to hear that you are {3}! What made it so?
    say Who would you like to share it with, now that you are {3}?
    keep You were {3} a while ago. What was the best part of it?
  match * i feel * @glad *
    say What makes you feel {3}?
  match * @glad *
    say What does being {2} mean to you?

rule 30 : @angry
  match * i am * @angry *
    say What made you so {3}?
    say How do you show it when you are {3}?
    keep You said you were {3}. Has it calmed down since?
  match * @angry *
    say What usually makes you {2}?
    say What do you do with that anger?

rule 30 : @afraid
  match * i am * @afraid of +
    say What is it about {4} that makes you {3}?
    say Have you always been {3} of {4}?
    keep You said you were {3} of {4}. Is it as bad as it was?
  match * i am * @afraid *
    say What would have to happen for you to be less {3}?
    say When are you most {3}?
    keep You mentioned being {3}. What helps you then?
  match * @afraid *
    say What is the worst that could happen?
    say What helps you when you are {2}?

rule 28 : @tired
  match * i am * @tired *
    say What has made you so {3}?
    say When did you last take a day off?
    keep You told me that you were {3}. Have you had some rest?
  match * @tired *
    say Rest matters. What keeps you from it?

rule 26 : love loves loved
  match * i love you *
    say That is kind of you. What do you like about our talks?
  match * i love +
    say What do you love most about {2}?
    say How did you come to love {2}?
    keep You said you love {2}. Tell me more about that.
  match * love *
    say Love is a large word. What does it mean to you?

rule 26 : hate hates hated
  match * i hate +
    say What is it about {2} that you cannot stand?
    say Was there a time when you did not hate {2}?
    keep You said you hate {2}. What stands behind that?
  match * hate *
    say That is a strong feeling. Where does it come from?

rule 25 : sorry apologise apologize
  match * @wish *
    say No need to apologise. What do you want most?
  match *
    say There is no need to apologise.
    say Do not worry about it. What were you going to say?

rule 24 : dream dreams dreamed dreamt nightmare
  match * i dreamt +
    say You dreamt {2}. What did you feel when you woke up?
    keep You told me of a dream {2}. Did it come back?
  match * dream about +
    say What do you think {2} stands for?
  match *
    say Do you often remember your dreams?
    say What did that dream leave behind in you?

rule 24 : remember
  match * do you remember +
    say I remember what you tell me while we talk. Why does {2} come to mind now?
  match * i remember +
    say What else comes back to you when you think of {2}?
    say Why does {2} come to mind just now?
    keep You remembered {2}. What happened next?
  match *
    say Memories are odd things. Which one is strongest today?

rule 24 : forget forgot forgotten
  match * i forgot +
    say What could be the reason that you forgot {2}?
  match *
    say Is it something that you would rather not think about?

# -- people, places, things -----------------------------------------------------------

rule 22 : @family
  match * my @family is +
    say Your {2} is {3}? How is that for you?
    say Since when is your {2} {3}?
    keep Earlier you said your {2} is {3}. How do you two get on?
  match * my @family +
    say Tell me more about your {2}.
    say How do you feel when your {2} {3}?
    keep Earlier you said your {2} {3}. What did that do to you?
  match * my @family
    say What is your {2} like?
    say Who else in your family matters to you?
    keep You mentioned your {2}. How close are you?
  match * @family *
    say How was it in the home you grew up in?

rule 22 : @pet
  match * my @pet +
    say What is your {2} like?
    say How did you and your {2} meet?
    keep Earlier you said your {2} {3}. How is your {2} today?
  match * @pet *
    say Do you like animals?
    say What does a {2} know that people do not?

rule 22 : friend friends
  match * my friend +
    say How did you get to know your friend?
    keep You said your friend {2}. Have you talked about it since?
  match * my friends *
    say What do you like most about your friends?
    say Who among them knows you best?
  match *
    say What makes someone a friend, to you?

rule 20 : @work
  match * my @work +
    say Why do you think your {2} {3}?
    say What would you change about your {2} if you could?
    keep Earlier you said your {2} {3}. What would have to change?
  match * @work *
    say What do you like about what you do?
    say How did you come to do that work?

rule 20 : @study
  match * my @study *
    say What is hardest about your {2}?
    keep You mentioned your {2}. How is it going?
  match * @study *
    say What would you learn if nobody examined you?
    say Which teacher do you remember best?

rule 20 : @art
  match * my @art *
    say What do you feel when you are with your {2}?
    keep You told me about your {2}. What are you working on now?
  match * @art *
    say What kind of {2} moves you?
    say Do you make something yourself?

rule 18 : book books read reading novel
  match *
    say Which book has stayed with you longest?
    say What are you reading these days?

rule 18 : film films movie movies series
  match *
    say Which film could you watch again and again?
    say Do you prefer to laugh or to cry at the pictures?

rule 18 : food eat eating cook cooking hungry dinner lunch breakfast
  match * i am hungry *
    say Then let us be brief! What will you eat?
  match *
    say What dish reminds you of home?
    say Do you like to cook, or rather to be cooked for?

rule 18 : weather rain snow sun sunny cold hot
  match *
    say Does the weather change your mood?
    say Which season is yours?

rule 18 : travel travelling holiday holidays vacation trip journey
  match * to +
    say What draws you to {2}?
    keep You spoke of a journey to {2}. What would you do there first?
  match *
    say Where would you go if you could leave tomorrow?
    say What do you pack first?

rule 18 : money rich poor salary rent price expensive
  match *
    say What would you do if money were no matter?
    say When did you last worry about money?

rule 18 : child children kid kids baby
  match * my child *
    say What is your child like?
    keep You mentioned your child. What makes you two laugh?
  match *
    say What were you like as a child?

rule 18 : code programming programmer bug computer server compiler
  match *
    say What are you building at the moment?
    say When a program fails, do you blame it or yourself?

rule 18 : game games play playing football chess sport sports
  match *
    say Do you play to win or to play?
    say Who do you like to play with?

rule 18 : health ill sick doctor pain headache hospital
  match * i am ill *
    say I am sorry. Have you seen a doctor?
  match *
    say Health first. Does somebody take care of you?
    say I can listen, but a doctor can help. Have you asked one?

# -- what is wished and thought --------------------------------------------------------

rule 16 : @wish
  match * i @wish to +
    say What keeps you from it?
    say What would change if you could {3}?
    keep You said you {2} to {3}. Have you come any closer?
  match * i @wish +
    say What would it mean to you to have {3}?
    say Suppose you got {3}. What then?
    keep Earlier you said you {2} {3}. Is it still so?
  match * @wish *
    say What stands between you and that?

rule 14 : can't couldn't
  match * i can't +
    say What makes you think that you cannot {2}?
    say What would you do if you could {2}?
    keep You said you cannot {2}. Have you tried since?
  match *
    say What is in the way?

rule 14 : should must ought
  match * i @question *
    say What do you think yourself?
  match * should i +
    say What speaks for it, and what against it?
    say What would you advise a friend who asked whether to {2}?
  match * i should +
    say Who says that you should {2}?
  match * i must +
    say What happens if you do not {2}?
  match *
    say Is that a wish or a duty?

rule 12 : i
  match * i am not +
    say What would it be like to be {2}?
    say Since when are you not {2}?
  match * i am +
    say How long have you been {2}?
    say How do you feel about being {2}?
    say Did you come to me because you are {2}?
    keep You told me that you are {2}. What does it mean to you?
  match * i was +
    say What has changed since you were {2}?
    keep You said you were {2}. Tell me more about that time.
  match * i don't +
    say Why don't you {2}?
    say Would you like to {2}?
  match * i @belief you *
    say We were talking about you, not me.
  match * i @belief that +
    say What makes you {2} that {3}?
    say How sure are you that {3}?
  match * i @belief +
    say Do you really {2} so?
    say What makes you {2} {3}?
  match * i have +
    say What does it mean to you to have {2}?
    say How long have you had {2}?
    keep You said you have {2}. How is that going?
  match * i like +
    say What do you like about {2}?
    keep You said you like {2}. Tell me more about it.
  match * i @always *
    say Can you think of an exception?
  match * i + you *
    say Perhaps in your mind we {2} each other. Do you?

rule 11 : you
  match * you remind me of *
    say In what way do I?
  match * you are +
    say What makes you think that I am {2}?
    say Does it please you to believe that I am {2}?
    say Perhaps you would like to be {2} yourself.
  match * you + me
    say Why do you think that I {2} you?
    say What makes you believe that I {2} you?
  match * you *
    say We were speaking of you, not of me.
    say Let us come back to you. How are you?

rule 10 : my
  match * my + is +
    say Why do you think your {2} is {3}?
    say Has your {2} always been {3}?
    keep Earlier you said your {2} is {3}. How is that today?
  match * my +
    say Your {2}?
    say Why do you mention your {2}?
    keep Earlier you spoke of your {2}. Tell me more about that.

# -- small words ---------------------------------------------------------------------

rule 9 : because
  match * because +
    say Is that the real reason?
    say What other reasons come to mind?
    say Would you explain that to a friend in the same way?

rule 9 : if
  match * if +
    say How likely is it, do you think, that {2}?
    say What would you do if {2}?

rule 8 : @always
  match *
    say Really always? Which example comes to mind?
    say Can you think of one exception?

rule 7 : yes yeah yep sure indeed ok okay
  match * @question *
    say What makes you ask?
  match *
    say You seem quite sure. Tell me more.
    say I see. And what follows from that?
    say Good. Please go on.

rule 7 : no nope not nothing
  match no
    say Why not?
    say Are you sure?
  match nothing
    say Nothing at all? Sometimes that is where it begins.
  match *
    say What would have to be different?
    say Are you saying no just to be careful?

rule 7 : maybe perhaps possibly
  match *
    say You do not sound quite certain. What holds you back?
    say What would make you sure?

rule 6 : everything all something
  match *
    say Can you give me an example?
    say Which part of it matters most?

rule 6 : like alike same similar
  match *
    say What does that likeness tell you?
    say Is there a connection, do you think?

rule 5 : @question
  match why don't you +
    say Perhaps I will {1} in good time. Should you {1!} yourself?
  match why can't i +
    say What do you think keeps you from it?
  match *
    say What do you think yourself?
    say Why do you ask?
    say What answer would please you most?
    say Have you asked anyone else?

fallback
  say Please tell me more.
  say I see. What does that make you think of?
  say How does that make you feel?
  say That is interesting. Please go on.
  say What else comes to mind?
  say I am not sure that I follow you. Can you say it in other words?
  say And what happened then?
  say What would you like to talk about next, {name}?
)script";

} // namespace

std::string_view eliza_script_text() noexcept {
  return script;
}

} // namespace parley::llm
