"""Each number in a sentence or two: the words behind ``?`` in the explorer, and in a report.

Symbols are those of the paper (arXiv:2506.15690); the debiased norm and the noise floor are ours.
"""

from __future__ import annotations

from lwd_tui.glossary.sweeps import SWEEPS
from lwd_tui.glossary.term import Term

GLOSSARY: dict[str, Term] = {
    "t": Term(
        "t of T",
        "One step: every participant reads posts and answers the query L times; then the first "
        "answer of each is posted. Steps go from 0 to T.",
    ),
    "size": Term(
        "|A(t)|, posts to read",
        "The posts on the Internet when the step begins.",
        "It grows by one for each participant and step, and by those that you post by hand.",
    ),
    "synthetic": Term(
        "synthetic share",
        "How many of these posts a model wrote. The rest was there at the start, or came from "
        "people.",
    ),
    "k": Term(
        "k, posts read",
        "How many posts a participant reads: the share beta of all there are, rounded down, drawn "
        "at random.",
    ),
    "cost": Term(
        "what a run costs",
        "T + 1 steps of L answers from each of n participants. A prompt is read once for its L "
        "answers; its length grows with k. The time is that of a short request to each model, "
        "made when you ask for it (key m), times the work; answers asked for again, loading and "
        "embedding come on top.",
    ),
    "context": Term(
        "context",
        "The tokens that a model can see at once, its answer included: num_ctx of Ollama. It is "
        "sized for the longest prompt of the run, so that no prompt is ever cut.",
    ),
    "draws": Term(
        "draws",
        "Who reads the same posts. For each participant: its L answers share one draw, as in the "
        "paper. Shared: all participants read the same, so that only the models differ. For each "
        "response: every answer has read something else.",
    ),
    "beta": Term(
        "beta",
        "The share of all posts that one draw takes, between 0 and 1: k = beta |A(t)|, rounded "
        "down. The paper uses 0.5.",
    ),
    "answers": Term(
        "L, answers",
        "How often a participant answers the query at each step. Their mean is its place, their "
        "spread its dispersion; the more there are, the less of the norm is chance.",
    ),
    "queries": Term(
        "several queries",
        "Further queries are asked of each participant with the same posts read, and what is "
        "answered is never posted, so that they change nothing. Norm, distances and scatter are "
        "those of all queries together, or of one alone.",
        "Q goes through them; in Set up a line of --- parts one query from the next.",
    ),
    "posting": Term(
        "posts stay",
        "What stays on the Internet: all posts (accumulate, the paper), only those of the step "
        "before (replace), or those of the last few steps (window).",
    ),
    "fresh": Term(
        "fresh posts and noise",
        "Posts that join at each step although no participant wrote them: human ones from a "
        "reserve, or posts about nothing. Both hold off a collapse, or should.",
    ),
    "ranking": Term(
        "which are read",
        "Which posts a draw takes: any (uniform, the paper), those most like the query (similar), "
        "or the newest (recent).",
    ),
    "topology": Term(
        "who reads whom",
        "Whose answers a participant may read: everyone's (complete, the paper), its neighbours' "
        "in a ring, the first one's (star), those on its island, or only its own.",
    ),
    "interaction": Term(
        "interaction",
        "Without it no answer is posted: the control. What still moves is chance, or comes from "
        "fresh posts and noise.",
    ),
    "unit": Term(
        "unit vectors",
        "Embeddings scaled to length 1, so that the norm of n participants is at most n times "
        "the root of 2. The paper's are raw, and its norms larger.",
    ),
    "norm": Term(
        "‖D(t)‖F, the norm",
        "How far apart the participants are: the root of the sum of all squared distances between "
        "their mean answers, each pair counted twice. The paper's conjecture is that it falls to "
        "a small constant.",
        "In every plot it is the strong line.",
    ),
    "debiased": Term(
        "debiased norm",
        "The norm without what chance adds to it: means of L answers differ even where the models "
        "don't. This is the better answer to how far the models themselves are apart.",
        "In every plot it is the thin line.",
    ),
    "floor": Term(
        "noise floor",
        "What the norm would be if all true means were the same, from the spread of the answers "
        "alone. A norm near its floor says no more than that it can't be told from none.",
        "In every plot it is the filled ground.",
    ),
    "distances": Term(
        "distances",
        "D(t): how far the mean answers of two participants are from each other.",
        "The grounds have one scale for all steps, set by t = 0.",
    ),
    "crowd": Term(
        "many participants",
        "Beyond ten participants markers and colours are those of groups: of one model, persona or "
        "island. What is said of a group is the mean over its participants.",
        "Key v groups by what else splits them. / finds participants, c and C sort the table; the "
        "one under its cursor is ◉ in all pictures. The scatter is the stronger the more answers "
        "there are. The map sorts by average linkage, and averages blocks where cells are few.",
    ),
    "centre": Term("centre", "How far a participant's mean is from the mean of all means."),
    "dispersion": Term(
        "S, dispersion",
        "How much the answers of one participant differ among themselves. Falling, it says that "
        "the model collapses within, whether or not the participants agree.",
    ),
    "scatter": Term(
        "scatter",
        "Every answer of the step as a point; near points are answers that mean nearly the same. "
        "Classical multidimensional scaling lays them flat.",
        "Each picture is turned to fit the one before, which changes no distance; or all steps "
        "share one plane (key b). A faint trail shows where each participant's mean has been in "
        "the last 12 steps, and an ellipse how its answers spread: 1.5 standard deviations from "
        "their mean, which holds all of four answers and about two in three of many; beyond ten "
        "participants there is neither. Where answers share a place, a number counts them, after * "
        "if they are of several. The axes are as wide as all steps need, so that a collapse is "
        "seen as one, or fitted to the step (key f). Key a plays the steps.",
    ),
    "explained": Term(
        "shown by the two axes",
        "How much of all squared distance the flat picture shows. With little, points that look "
        "near may be far apart.",
    ),
    "posts": Term(
        "the Internet",
        "The posts, the newest first, each with the first t at which it can be read and who wrote "
        "it.",
    ),
    "responses": Term("answers, n times L", "How many answers the step has."),
    "again": Term(
        "asked again",
        "Answers that were blank, cut or only a preamble, and were asked for again. They are kept "
        "in the run's file.",
    ),
    "failed": Term(
        "failed",
        "Answers that stayed unusable. They are left out of every mean, and never posted.",
    ),
    "truncated": Term(
        "cut by the embedder",
        "Answers that were longer than the embedder reads; the rest of them has no say.",
    ),
    "seconds": Term("time of the step", "From the first request to the last number."),
    "age": Term(
        "age of a post",
        "How many steps a post had been there when it was read. Of the synthetic ones, older ones "
        "are dimmer.",
    ),
    "prompt": Term(
        "the exact prompt",
        "What the model was given, to the letter: the posts, and the words of the template around "
        "them. All answers of a participant at a step share it, unless each draws for itself.",
    ),
    "seed": Term(
        "seed",
        "The number that the server was given to draw the tokens with. It makes an answer "
        "traceable, but servers don't promise the same text for the same seed.",
    ),
    "attempts": Term(
        "attempts and retries",
        "Attempts are answers that came: one that was blank, cut or only a preamble is asked for "
        "again, and the last one stands. Retries are faults of the server before an answer came.",
    ),
    "mean_distance": Term(
        "distance to the means",
        "How far the answer lies from the mean answer of its own participant, and of the others, "
        "at the same step. An answer nearer to another's mean than to its own could be the "
        "other's.",
    ),
    "following": Term(
        "following a post",
        "Who read it, and which later answers are nearest to it in embedding. The nearest are its "
        "likeliest descendants, not proven ones: a model may say the same without having read it.",
    ),
    "alike": Term(
        "2 of 6, ×3",
        "Answers of one participant with the same text are one line, ×3 if there are three: 2 of 6 "
        "are different. Each still has its own seed and tokens: n goes from answer to answer.",
    ),
    "differences": Term(
        "differences",
        "Words that the other answer hasn't are marked; those in common are found by their order. "
        "d sets the first and the last step side by side, m any two answers; escape lets go.",
    ),
    "tests": Term(
        "p of the tests",
        "How often answers shuffled between the participants would be at least as far apart. Three "
        "measures of apart: the sum of squares sees means only, energy and MMD see any difference. "
        "A large p doesn't say that the participants are the same.",
    ),
    "holm": Term(
        "p by Holm",
        "The tests of each pair of participants, made larger for the number of pairs, so that a "
        "false alarm among them stays as rare as in one test. In the order of the tests above.",
    ),
    "interval": Term(
        "interval of the norm",
        "Where the norm between the true means lies, by a bootstrap of the answers. It is "
        "approximate, and knows nothing of answers that are rare and were never seen.",
    ),
    "between": Term(
        "between share, pseudo-F",
        "How much of all variation is between the participants, and its ratio to that within them "
        "(PERMANOVA). Both fall when the participants agree, also while each stays as varied.",
    ),
    "vendi": Term(
        "Vendi score",
        "How many different answers there are, counted by how little their embeddings have in "
        "common: 1 if all are equal. It grows with the number of answers.",
    ),
    "rank": Term(
        "effective rank",
        "In how many directions the answers vary about their mean; 0 if all are equal but for "
        "rounding.",
    ),
    "duplicates": Term(
        "near and exact duplicates",
        "Answers to which another one is nearly equal in embedding (a cosine of 0.95), or equal in "
        "wording but for case and white space.",
    ),
    "distinct": Term(
        "distinct-1, distinct-2",
        "Different words, and pairs of words, for each that was written. They fall with more text.",
    ),
    "self_bleu": Term(
        "self-BLEU",
        "How much each answer shares in runs of up to four words (fewer, if it has fewer) with the "
        "others: 1 if all are equal.",
    ),
    "copied": Term(
        "copied from posts",
        "The share of an answer's words that stand in runs of five or more in a post it read.",
    ),
    "human": Term(
        "words of a human post",
        "The share of words in common with the human post that is nearest by it. By words, because "
        "human posts are not embedded.",
    ),
    "margin": Term(
        "the same within a margin",
        "Said only if an upper bound of the norm stays below a margin that you state first (key "
        "m), for some steps in a row. The bounds of all steps hold together, for any distribution "
        "of unit vectors; with fewer than about ten answers each there are none.",
    ),
    "moving": Term(
        "still moving",
        "How far each participant's mean moved since the step before, in standard errors. Beyond "
        "2 it is hardly noise, but may be that of another draw.",
    ),
    "change": Term(
        "change point",
        "The step at which a straight line that comes to rest fits the norm best. One is always "
        "found; how much it explains says whether to believe it.",
    ),
    "chart": Term(
        "control chart",
        "Limits about the steps from the change point on. What is outside is worth a look; it is "
        "no test, since neighbouring steps share posts.",
    ),
    "average": Term(
        "average so far",
        "The mean of the squared distance without noise, over all steps so far, with an interval "
        "that holds at every t together, whenever one looks or stops.",
    ),
    "sure_bound": Term(
        "sure bound",
        "The upper bound of the last norm, which holds for any distribution of unit vectors, or "
        "how many answers it would take for one.",
    ),
    "attractor": Term(
        "attractor",
        "The answer nearest to the centre of the last step, when each participant first came as "
        "near to that centre, and the posts the answer came by: of those that each writer had "
        "read, the one with most words in common. Likely sources, not proven ones.",
    ),
    "clusters": Term(
        "clusters",
        "Answers that say nearly the same, about the one that is given most often: how many such "
        "clusters hold 90 % of the answers of the first third of the steps, and of the last. "
        "Letters over t say in which cluster most of a participant's answers are.",
    ),
    "mixtures": Term(
        "the mixtures",
        "The paper's proxy for language models: n mixtures share B Gaussian components, and only "
        "their weights change. Each posts L points a step, reads a share of all, and moves its "
        "weights towards what it read.",
        "It takes milliseconds, and theory says what to expect.",
    ),
    "gmm_norm": Term(
        "norm of this run",
        "How far the weights of the mixtures are from each other: the root of the sum of all "
        "squared distances, each pair counted twice. The paper's conjecture is that it falls to 0.",
        "It isn't on the scale of the language models' norm; divide both by their start (key u) "
        "to compare them.",
    ),
    "gmm_median": Term(
        "median of all",
        "Of the replicates: runs that differ in nothing but what chance gave them.",
    ),
    "gmm_size": Term("|A(t)|, points", "The points that can be read when the step begins."),
    "gmm_k": Term(
        "k, points read",
        "How many of them each mixture reads: the share beta, rounded down.",
    ),
    "theory": Term(
        "theory",
        "The norm to expect from the start alone (the paper's Appendix A, and the noise of the "
        "draws), for components that are well apart. Differences shrink by (1 - alpha)^k a step.",
    ),
    "theory_floor": Term(
        "its floor",
        "The part of the expected norm that comes from the draws alone: each mixture learns from "
        "other points. With alpha = 1/k it falls to 0, with a constant alpha it stays.",
    ),
    "densities": Term(
        "densities",
        "What each mixture would say: its density along the first axis. The upright line is the "
        "mean of the component that is marked among the weights.",
    ),
    "weights": Term(
        "weights",
        "The share of each component in each mixture. They start at random, sum to 1, and are all "
        "that a mixture learns.",
    ),
    "near_zero": Term("ended below 0.1", "Replicates whose norm ended near 0, as in figure 4."),
    "polarised": Term(
        "polarised",
        "Replicates in which at least two mixtures ended within 0.1 of having one component only, "
        "and not the same one.",
    ),
    "one_vertex": Term(
        "at one vertex",
        "Replicates in which all mixtures ended within 0.1 of having one and the same component "
        "only.",
    ),
    "floor_measured": Term(
        "norm, last half",
        "The root mean square of the norm over the last half of the steps.",
    ),
    "floor_predicted": Term(
        "predicted floor",
        "What the draws alone would keep it at, from the weights that there were.",
    ),
    "first_death": Term(
        "a component lost",
        "The first t at which a mixture gave a component a weight of at most 0.001, or 2 eps where "
        "that is more. With eps above 0 it can come back.",
    ),
    "vertex_distance": Term(
        "distance from a vertex",
        "The mean distance of the mixtures, at the end, from having one component only.",
    ),
    "lifted": Term("set to eps", "How often a weight that was no longer positive was set to eps."),
    "drift": Term("sums off 1 by", "The largest distance of a sum of weights from 1."),
    "overlay": Term(
        "comparing runs",
        "Norms of several runs in one plot. They compare only on one scale (those of unit and of "
        "raw vectors, or of mixtures, don't), with the same embedder and as many participants. As "
        "shares of their starts (y) they show who falls further, whatever the scale. Left and "
        "right read all at one t; in brackets then stands the difference from the pinned run (p). "
        "Beside them are only the settings in which they differ.",
    ),
} | SWEEPS
