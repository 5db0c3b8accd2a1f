#!/usr/bin/env python3
"""Fits the polynomials of Sources/CApusKernels/kernels/math.h. Needs numpy==2.4.6 and mpmath==1.3.0.

Each fit minimises the largest weighted error over an interval (Lawson's iteration: least squares on Chebyshev
nodes, the weights multiplied by the error again and again), then rounds the coefficients to float. Prints the
coefficients from the highest power down and the largest weighted error of the unrounded polynomial.
"""

import mpmath
import numpy as np


def fit(name, function, weight, low, high, degree, nodes=2000):
    angle = np.cos(np.pi * (np.arange(nodes) + 0.5) / nodes)
    x = 0.5 * (low + high) + 0.5 * (high - low) * angle
    y = np.array([float(function(mpmath.mpf(float(v)))) for v in x])
    w = np.array([float(weight(mpmath.mpf(float(v)))) for v in x])
    powers = np.vander(x, degree + 1)
    lawson = np.ones(nodes)
    best = None
    for _ in range(200):
        root = np.sqrt(lawson) * w
        solution = np.linalg.lstsq(powers * root[:, None], y * root, rcond=None)[0]
        error = np.abs(powers @ solution - y) * w
        if best is None or error.max() < best[0]:
            best = (error.max(), solution)
        lawson = lawson * error
        lawson = lawson / lawson.mean() + 1e-12
    print(f"{name}: error {best[0]:.2e} = 2^{np.log2(best[0]):.1f}")
    for c in best[1]:
        print(f"  {float(np.float32(c)):+.9e}f")


mpmath.mp.dps = 40
one = mpmath.mpf(1)

# e^r = 1 + r + r² p(r), |r| ≤ ln 2 / 2; relative to e^r.
fit("exp", lambda r: (mpmath.expm1(r) - r) / r**2, lambda r: r**2 / mpmath.exp(r), -0.3475, 0.3475, 4)
# tanh x = x + x³ p(x²), x² ≤ 0.5; relative to tanh x.
fit("tanh", lambda u: (mpmath.tanh(mpmath.sqrt(u)) / mpmath.sqrt(u) - 1) / u,
    lambda u: u * mpmath.sqrt(u) / mpmath.tanh(mpmath.sqrt(u)), 1e-9, 0.4, 5)
# erf x = x + x p(x²), x² ≤ 0.81.
fit("erf", lambda u: mpmath.erf(mpmath.sqrt(u)) / mpmath.sqrt(u) - 1,
    lambda u: mpmath.sqrt(u) / mpmath.erf(mpmath.sqrt(u)), 1e-9, 0.82, 6)
# erfc x = exp(−x p(x)), 0.9 ≤ x ≤ 4; the error of erf relative to erf.
fit("erfc", lambda x: -mpmath.log(mpmath.erfc(x)) / x, lambda x: x * mpmath.erfc(x) / mpmath.erf(x), 0.88, 4.0, 7)
# kernels/normals.h. ln(1 + f) = f + f² p(f), √½ − 1 ≤ f ≤ √2 − 1; relative to the logarithm.
fit("log", lambda f: (mpmath.log1p(f) - f) / f**2, lambda f: abs(f**2 / mpmath.log1p(f)), -0.2930, 0.4143, 8)
# sin r = r + r³ p(r²) and cos r = 1 − r²/2 + r⁴ p(r²), |r| ≤ π/4.
fit("sin", lambda u: (mpmath.sin(mpmath.sqrt(u)) / mpmath.sqrt(u) - 1) / u,
    lambda u: u * mpmath.sqrt(u) / mpmath.sin(mpmath.sqrt(u)), 1e-9, 0.6169, 2)
fit("cos", lambda u: (mpmath.cos(mpmath.sqrt(u)) - 1 + u / 2) / u**2,
    lambda u: u**2 / mpmath.cos(mpmath.sqrt(u)), 1e-9, 0.6169, 2)
