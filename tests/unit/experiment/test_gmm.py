import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lwd_tui.experiment.files import read_gmm, read_points
from lwd_tui.experiment.gmm import GmmSpec, covariance_matrix
from lwd_tui.experiment.section import InvalidExperiment
from lwd_tui.gmm.plan import plan_of

NAN = float("nan")


def test_the_defaults_are_the_papers_first_run():
    spec = GmmSpec(name="x")
    assert (spec.participants, spec.components, spec.dimension) == (3, 2, 1)
    assert (spec.responses, spec.steps, spec.beta, spec.replicates) == (3, 200, 0.5, 5)
    assert (spec.alpha, spec.c, spec.dirichlet) == ("1/k", "1/(k B^2)", 1)
    plan = plan_of(spec)
    assert plan.size[[0, 1, 200]].tolist() == [0, 9, 1800]
    assert plan.k[[0, 1, 2, 200], 0].tolist() == [0, 4, 9, 900]
    np.testing.assert_allclose(plan.alpha[[0, 1, 200], 1], [0, 1 / 4, 1 / 900])
    np.testing.assert_allclose(plan.c[[0, 1, 200], 2], [0, 1 / 16, 1 / 3600])


def test_toml_round_trip():
    spec = GmmSpec(
        name="x",
        means=[[0, 0], [1, 2]],
        covariance=[[1, 0.5], [0.5, 2]],
        human={"points": [[1, 2]], "weights": [0.25, 0.75]},
        alpha=0.1,
        topology="star",
    )
    assert GmmSpec.from_toml(spec.to_toml()) == spec
    assert spec.replaced({"human.points": [], "alpha": "1/k"}).human.points == ()
    assert spec.replaced({"seed": 8}).sha256 != spec.sha256
    assert spec.replaced({"name": "y"}).sha256 == spec.sha256


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"means": [[1, 2], [3]]}, "means[1]: has 1 numbers, means[0] has 2"),
        ({"means": [1]}, "means: has 1 components; there must be at least 2"),
        ({"means": []}, "means: has 0 components"),
        ({"means": [0, NAN]}, "means[1][0] = nan"),
        ({"means": ["a", "b"]}, "means"),
        ({"means": [0, 1e200]}, "means[1]: must be at most 1e+100 in size"),
        ({"covariance": -1}, "covariance: must be positive definite"),
        ({"covariance": 0}, "covariance: must be positive definite"),
        ({"covariance": [[1, 2], [3]]}, "covariance: must be a number, or lists of numbers"),
        ({"covariance": NAN}, "covariance: must be a finite number"),
        ({"covariance": 1e-200}, "covariance: must lie between 1e-100 and 1e+100"),
        ({"covariance": [1, 2]}, "covariance: holds 2 numbers; points of d = 1 need"),
        ({"means": [[0, 0], [1, 1]], "covariance": [[1, 2], [2, 1]]}, "positive definite"),
        ({"means": [[0, 0], [1, 1]], "covariance": [[1, 0.2], [0.3, 1]]}, "must be symmetric"),
        ({"steps": 0}, "steps = 0: must be at least 1"),
        ({"responses": 0}, "responses = 0: must be at least 1"),
        ({"replicates": 0}, "replicates = 0: must be at least 1"),
        ({"beta": 0}, "beta = 0: must be greater than 0"),
        ({"beta": 1.5}, "beta = 1.5: must be at most 1"),
        ({"beta": NAN}, "beta = nan"),
        ({"alpha": 1}, 'alpha: must be "1/k", "1/(1+t)" or a number between 0 and 1; it is 1'),
        ({"alpha": "1/t"}, "alpha: must be"),
        ({"c": 0}, "c: must be"),
        ({"c": 0.5}, "c = 0.5: must be less than 1/B = 0.5"),
        ({"eps": 0.5}, "eps = 0.5: must be less than 1/B"),
        ({"eps": -1}, "eps = -1: must be at least 0"),
        ({"dirichlet": 0}, "dirichlet: must be greater than 0"),
        ({"dirichlet": [1, 1, 1]}, "dirichlet: has 3 numbers; there are 2 components"),
        ({"weights": [[0.5, 0.5]]}, "weights: has 1 rows; there are 3 participants"),
        ({"weights": [[0.5, 0.6]] * 3}, "weights[0]: must be at least 0 and sum to 1"),
        ({"weights": [[1.5, -0.5]] * 3}, "weights[0]: must be at least 0 and sum to 1"),
        ({"human": {"points": [[1, 2]]}}, "human.points: has 2 numbers a row; means has 1"),
        ({"human": {"points": [1], "count": 2}}, "human: give either count or points"),
        ({"human": {"weights": [1]}}, "human.weights: has 1 numbers; there are 2 components"),
        ({"human": {"covariance": "q"}}, "human.covariance: must be a number"),
        ({"retrieval": "response"}, "a mixture learns from one draw"),
        ({"retrieval": "shared", "topology": "none"}, "must read the same posts"),
        ({"reads": [[0]]}, "reads: has 1 rows; there are 3 participants"),
        ({"steps": 10**9}, "A(T) would have 9,000,000,000 points"),
        ({"replicates": 10**7}, "would be 12,060,000,000 numbers; lower replicates or steps"),
        ({"steps": 10**9, "interaction": False}, "lower replicates or steps"),
        ({"covarance": 1}, "there is no field covarance; did you mean covariance?"),
        ({"kind": "llm"}, "kind = 'llm'"),
    ],
)
def test_bad_input_is_one_clear_sentence(changes, sentence):
    with pytest.raises(InvalidExperiment) as told:
        GmmSpec.from_dict({"name": "x", **changes}, "file.toml")
    assert str(told.value).startswith("file.toml: ")
    assert sentence in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("value", "matrix"),
    [(2.0, [[2, 0], [0, 2]]), ((1.0, 3.0), [[1, 0], [0, 3]]), (((2, 1), (1, 2)), [[2, 1], [1, 2]])],
)
def test_a_covariance_is_a_variance_a_diagonal_or_a_matrix(value, matrix):
    assert covariance_matrix(value, 2, "x").tolist() == matrix


def test_schedules_never_forget_everything_at_one_point():
    # k_1 = floor(0.5 * 3) = 1, where 1/k would be 1; and 1/(1+t) is 1 at t = 0.
    spec = GmmSpec(name="x", responses=1)
    assert plan_of(spec).k[1, 0] == 1
    assert plan_of(spec).alpha[1, 0] == 0.5
    spec = GmmSpec(name="x", alpha="1/(1+t)", human={"count": 4})
    np.testing.assert_allclose(plan_of(spec).alpha[:4, 0], [1 / 2, 1 / 2, 1 / 3, 1 / 4])


def test_points_are_read_from_a_file(tmp_path):
    path = tmp_path / "points.txt"
    path.write_text("# two points\n1, 2\n\n3 -4e1\n")
    assert read_points(path) == ((1, 2), (3, -40))
    toml = tmp_path / "plane.toml"
    toml.write_text(
        'kind = "gmm"\nname = "plane"\nmeans = [[0, 0], [1, 1]]\n'
        '[human]\npoints_file = "points.txt"\n'
    )
    assert read_gmm(toml).human.points == ((1, 2), (3, -40))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("1 2\n3\n", "line 2: has 1 numbers; the first point has 2"),
        ("1 x\n", "line 1: '1 x': must be numbers"),
        ("# nothing\n", "holds no points"),
    ],
)
def test_a_bad_file_of_points_is_told(tmp_path, text, sentence):
    path = tmp_path / "points.txt"
    path.write_text(text)
    with pytest.raises(InvalidExperiment, match=sentence):
        read_points(path)


@pytest.mark.parametrize("text", ["1 2\n", "nan\n", "inf\n"])
def test_points_that_do_not_fit_are_told(tmp_path, text):
    (tmp_path / "points.txt").write_text(text)
    toml = tmp_path / "line.toml"
    toml.write_text('name = "line"\n[human]\npoints_file = "points.txt"\n')
    with pytest.raises(InvalidExperiment, match="points"):
        read_gmm(toml)
    with pytest.raises(InvalidExperiment, match="no such file"):
        read_gmm(tmp_path / "missing.toml")


def test_numba_is_loaded_only_where_a_mixture_runs():
    program = (
        "import sys, lwd_tui.experiment.files, lwd_tui.gmm.network, lwd_tui.gmm.theory,"
        "lwd_tui.gmm.density, lwd_tui.gmm.trace;"
        "sys.exit('numba' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_without_a_cache_folder_the_machine_code_is_kept_for_the_process(tmp_path):
    (tmp_path / "file").write_text("")
    program = (
        "import os, pathlib, lwd_tui.gmm.compiled;"
        "folder = pathlib.Path(os.environ['NUMBA_CACHE_DIR']);"
        "assert folder.is_dir(); print(folder)"
    )
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "file")}
    environment.pop("NUMBA_CACHE_DIR", None)
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    folder = Path(done.stdout.strip())
    assert folder.name.startswith("lwd-tui-numba-")
    assert not folder.exists()
