# Fourier transforms: finding tones, Parseval, filtering, convolution, zero padding, two dimensions and windows.
import numpy as np

rate, seconds = 256, 4
t = np.arange(rate * seconds) / rate
rng = np.random.default_rng(41)
tones = {7.0: 1.0, 20.0: 0.6, 33.5: 0.3}
wave = sum(height * np.sin(2 * np.pi * f * t + f) for f, height in tones.items())
noisy = wave + rng.normal(scale=0.4, size=t.size)

spectrum = np.fft.rfft(noisy)
frequencies = np.fft.rfftfreq(t.size, 1 / rate)
heights = 2 * np.abs(spectrum) / t.size
print("samples:", t.size, "frequencies:", spectrum.size, "step:", frequencies[1])
for place in sorted(np.argsort(heights)[-3:]):
    print(f"  {frequencies[place]:5.2f} Hz, height {heights[place]:.2f}")
print("Parseval:", bool(np.isclose((noisy**2).sum(), (np.abs(np.fft.fft(noisy)) ** 2).sum() / t.size)))
print("and back:", bool(np.allclose(np.fft.irfft(spectrum, t.size), noisy)))

kept = np.where(heights > 0.15, spectrum, 0)
clean = np.fft.irfft(kept, t.size)
before, after = (np.sqrt(np.mean((signal - wave) ** 2)) for signal in (noisy, clean))
print(f"error before {before:.3f}, after keeping {np.count_nonzero(kept)} lines {after:.3f}")

kernel = np.exp(-0.5 * (np.arange(-12, 13) / 4) ** 2)
kernel /= kernel.sum()
size = noisy.size + kernel.size - 1
fast = np.fft.irfft(np.fft.rfft(noisy, size) * np.fft.rfft(kernel, size), size)
print("convolution:", bool(np.allclose(fast, np.convolve(noisy, kernel))))

# A tone between two lines leaks; a window keeps the leak close.
between = np.sin(2 * np.pi * 10.125 * t)
for name, window in {"none": np.ones(t.size), "Hann": np.hanning(t.size), "Blackman": np.blackman(t.size)}.items():
    power = np.abs(np.fft.rfft(between * window)) ** 2
    far = power[np.abs(frequencies - 10.125) > 2].sum() / power.sum()
    print(f"  window {name:<8} {np.log10(far):6.1f} (logarithm of what leaks beyond 2 Hz)")
padded = np.abs(np.fft.rfft(between, 16 * t.size))
print("zero padding finds:", np.fft.rfftfreq(16 * t.size, 1 / rate)[padded.argmax()])

shifted = np.fft.fftshift(np.fft.fftfreq(6))
print("order of frequencies:", shifted.round(3).tolist())
impulse = np.zeros(8)
impulse[1] = 1
print("delay is a phase:", np.angle(np.fft.fft(impulse))[:4].round(4).tolist())

y, x = np.mgrid[0:64, 0:64]
stripes = np.cos(2 * np.pi * (3 * x + 5 * y) / 64)
plane = np.abs(np.fft.fft2(stripes))
row, column = np.unravel_index(plane[:32].argmax(), plane[:32].shape)
print("stripes:", (int(row), int(column)), f"height {2 * plane.max() / plane.size:.2f}")
power = np.abs(np.fft.rfft(np.cumsum(rng.normal(size=4096)))) ** 2
slope = np.polyfit(np.log(np.arange(1, 400)), np.log(power[1:400]), 1)[0]
print(f"random walk: power falls with exponent {slope:.1f}")
