"""PyTorch on the workloads of gradus-bench: torch_peer.py [FILTER] [--threads N]."""
import sys

from timing import CONVS, GEMM_SHAPES, Bench

bench = Bench("torch")
try:
    import torch
    import torch.nn.functional as F
    from torch import nn
except ImportError as error:
    print(f"PyTorch does not import: {error}", file=sys.stderr)
    sys.exit(3)

torch.set_num_threads(bench.threads)
torch.set_num_interop_threads(1)
torch.manual_seed(0)
rand = torch.randn


def ways(workload, fn, inputs, which=("eager",), **amount):
    """fn(*inputs) as it stands and through torch.compile."""
    def prepare(way):
        args = inputs()
        f = fn if way == "eager" else torch.compile(fn)

        def call():
            with torch.no_grad():
                return f(*args)
        return call
    for way in which:
        bench.time(workload, way, lambda way=way: prepare(way), **amount)


def tensor_workloads():
    for m, k, n in GEMM_SHAPES:
        ways(f"gemm/{m}x{k}x{n}", torch.mm, lambda: (rand(m, k), rand(k, n)), flops=2 * m * k * n)
    both = ("eager", "compile")
    for name, n in (("1M", 1 << 20), ("16M", 1 << 24)):
        ways(f"chain/{name}", lambda x: torch.tanh(x * 1.1 + 0.3) * x, lambda: (rand(n),), both, nbytes=8 * n)
    n = 1 << 20
    for name, f in (("tanh", torch.tanh), ("exp", torch.exp), ("relu", torch.relu)):
        ways(f"unary_1M/{name}", f, lambda: (rand(n),), nbytes=8 * n)
    ways("unary_1M/add", torch.add, lambda: (rand(n), rand(n)), nbytes=12 * n)
    ways("small_op/add_1K", torch.add, lambda: (rand(1024), rand(1024)))
    ways("softmax/1024x1000", lambda x: F.softmax(x, -1), lambda: (rand(1024, 1000),), both, nbytes=8 * 1024 * 1000)
    w, b = torch.ones(768), torch.zeros(768)
    ways("layernorm/1024x768", lambda x: F.layer_norm(x, (768,), w, b), lambda: (rand(1024, 768),), both, nbytes=8 * 1024 * 768)
    for axis in (0, 1):
        ways(f"reduce_sum_axis{axis}/4096x1024", lambda x, axis=axis: x.sum(axis), lambda: (rand(4096, 1024),), nbytes=4 * 4096 * 1024)
    ways("transpose/2048x2048", lambda x: x.t().contiguous(), lambda: (rand(2048, 2048),), nbytes=8 * 2048 * 2048)
    ways("bcast_add/1024x1024+1024", torch.add, lambda: (rand(1024, 1024), rand(1024)), nbytes=8 << 20)


def layout(variant):
    return torch.channels_last if variant == "channels_last" else torch.contiguous_format


def conv_workloads():
    for name, (b, h, w, ci, co, k, s, dw) in CONVS.items():
        def prepare(variant, backward):
            conv = nn.Conv2d(ci, co, k, s, padding=k // 2, groups=ci if dw else 1, bias=False).to(memory_format=layout(variant))
            x = rand(b, ci, h, w).to(memory_format=layout(variant)).requires_grad_()
            ones = torch.ones_like(conv(x))

            def forward():
                with torch.no_grad():
                    return conv(x)
            return (lambda: torch.autograd.grad(conv(x), [x, conv.weight], ones)) if backward else forward
        for variant in ("eager", "channels_last"):
            bench.time(f"conv_fwd/{name}", variant, lambda: prepare(variant, False), images=b)
            bench.time(f"conv_fwd_bwd/{name}", variant, lambda: prepare(variant, True), images=b)


def mlp():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Dropout(0.2), nn.Linear(128, 10))


def seed_cnn():
    return nn.Sequential(nn.Conv2d(1, 128, 3, 2, 1), nn.MaxPool2d(3), nn.BatchNorm2d(128), nn.Flatten(),
                         nn.Linear(2048, 100), nn.ReLU(), nn.Linear(100, 10))


class Inverted(nn.Module):
    """MobileNetV2's block: expand 1x1, depthwise 3x3, project 1x1, each normalised."""

    def __init__(self, ci, co, stride, expand):
        super().__init__()
        mid, parts = ci * expand, []
        if expand != 1:
            parts += [nn.Conv2d(ci, mid, 1, bias=False), nn.BatchNorm2d(mid), nn.ReLU6()]
        parts += [nn.Conv2d(mid, mid, 3, stride, 1, groups=mid, bias=False), nn.BatchNorm2d(mid), nn.ReLU6(),
                  nn.Conv2d(mid, co, 1, bias=False), nn.BatchNorm2d(co)]
        self.body, self.skip = nn.Sequential(*parts), stride == 1 and ci == co

    def forward(self, x):
        return x + self.body(x) if self.skip else self.body(x)


def mobilenet():
    parts, ci = [nn.Conv2d(3, 32, 3, 2, 1, bias=False), nn.BatchNorm2d(32), nn.ReLU6()], 32
    for expand, co, n, stride in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)):
        for i in range(n):
            parts.append(Inverted(ci, co, stride if i == 0 else 1, expand))
            ci = co
    parts += [nn.Conv2d(320, 1280, 1, bias=False), nn.BatchNorm2d(1280), nn.ReLU6(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
              nn.Linear(1280, 5)]
    return nn.Sequential(*parts)


def train(workload, variant, build, optimizer, shape, batch):
    def prepare():
        model, x = build(), rand(batch, *shape)
        if len(shape) == 3:
            model, x = model.to(memory_format=layout(variant)), x.to(memory_format=layout(variant))
        y, opt = torch.randint(0, 5, (batch,)), optimizer(model.parameters())
        forward = torch.compile(model) if variant == "compile" else model

        def step():
            opt.zero_grad()
            F.cross_entropy(forward(x), y).backward()
            opt.step()
        return step
    bench.time(workload, variant, prepare, images=batch)


def infer(workload, variant, build, shape, batch):
    def prepare():
        model, x = build().eval(), rand(batch, *shape)
        if len(shape) == 3:
            model, x = model.to(memory_format=layout(variant)), x.to(memory_format=layout(variant))
        forward = torch.compile(model) if variant == "compile" else model

        def call():
            with torch.no_grad():
                return forward(x)
        return call
    bench.time(workload, variant, prepare, images=batch)


def model_workloads():
    def adam(parameters):
        return torch.optim.Adam(parameters, fused=True)
    for variant in ("eager", "compile"):
        train("mlp_train/b32", variant, mlp, adam, (28, 28), 32)
        infer("mlp_infer/b32", variant, mlp, (28, 28), 32)
    for variant in ("eager", "channels_last"):
        for b in (32, 128):
            train(f"seedcnn_train/b{b}", variant, seed_cnn, torch.optim.NAdam, (1, 28, 28), b)
            infer(f"seedcnn_infer/b{b}", variant, seed_cnn, (1, 28, 28), b)
        train("mobilenetv2_train/b16", variant, mobilenet, adam, (3, 96, 96), 16)
        infer("mobilenetv2_infer/b16", variant, mobilenet, (3, 96, 96), 16)


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.head = nn.LSTM(128, 64, batch_first=True), nn.Linear(64, 1)

    def forward(self, x):
        return self.head(self.lstm(x)[0][:, -1])


def lstm_workload():
    def prepare():
        model, x, y = Recurrent(), rand(32, 80, 128), torch.randint(0, 2, (32, 1)).float()
        parameters = list(model.parameters())
        return lambda: torch.autograd.grad(F.binary_cross_entropy_with_logits(model(x), y), parameters)
    bench.time("lstm64_fwd_bwd/32x80x128", "eager", prepare, images=32)


def tiny_workload():
    def prepare():
        beta = torch.tensor(3.0, requires_grad=True)

        def many():
            for _ in range(100):
                gradient, = torch.autograd.grad((beta / 2 - 1) ** 2, beta)
                with torch.no_grad():
                    beta.sub_(0.1 * gradient)
        return many
    bench.time("tiny_scalar_step", "eager", prepare, iterations=100)


if bench.child == "cold":
    with torch.no_grad():
        mlp().eval()(rand(1, 28, 28))
elif bench.child == "fit":
    model = mlp()
    optimizer = torch.optim.Adam(model.parameters())
    images, labels = torch.rand(60000, 28, 28), torch.randint(0, 10, (60000,))
    for i in range(0, 60000, 32):
        optimizer.zero_grad()
        F.cross_entropy(model(images[i:i + 32]), labels[i:i + 32]).backward()
        optimizer.step()
else:
    tensor_workloads()
    conv_workloads()
    model_workloads()
    lstm_workload()
    tiny_workload()
    bench.processes()
