# A noisy recording: filters by design, peaks, spectra, a spectrogram, resampling and correlation of two channels.
import numpy as np
from scipy import signal

rate = 500.0
t = np.arange(0, 4, 1 / rate)
rng = np.random.default_rng(15)
clean = np.sin(2 * np.pi * 5 * t) + 0.5 * np.sin(2 * np.pi * 12 * t)
noisy = clean + 0.8 * np.sin(2 * np.pi * 50 * t) + rng.normal(scale=0.3, size=t.size)


def error(y):
    return np.sqrt(np.mean((y - clean)[100:-100] ** 2))


print(f"before: error {error(noisy):.3f}")
low = signal.butter(6, 20, fs=rate, output="sos")
print(
    f"low pass, both ways: {error(signal.sosfiltfilt(low, noisy)):.3f}; one way: {error(signal.sosfilt(low, noisy)):.2f}"
)
b, a = signal.iirnotch(50, 20, fs=rate)
print(f"notch only: {error(signal.filtfilt(b, a, noisy)):.3f}")
taps = signal.firwin(101, 20, fs=rate)
print(f"101 taps: {error(np.convolve(noisy, taps, mode='same')):.3f}, symmetric: {np.allclose(taps, taps[::-1])}")
print(
    f"Savitzky-Golay: {error(signal.savgol_filter(noisy, 31, 3)):.3f}, median: {error(signal.medfilt(noisy, 11)):.3f}"
)
w, response = signal.sosfreqz(low, worN=[5, 12, 20, 50], fs=rate)
print("gain in dB:", {int(f): float((20 * np.log10(abs(h))).round(1) + 0.0) for f, h in zip(w, response)})

frequencies, power = signal.welch(noisy, fs=rate, nperseg=500)
strongest = frequencies[np.argsort(power)[-3:]]
print("strongest frequencies:", sorted(strongest.tolist()))
peaks, facts = signal.find_peaks(power, prominence=power.max() / 20)
print("peaks of the spectrum:", frequencies[peaks].tolist())
beats, _ = signal.find_peaks(signal.sosfiltfilt(signal.butter(4, 8, fs=rate, output="sos"), noisy), distance=50)
print("beats:", len(beats), f"mean distance {np.diff(beats).mean() / rate:.2f} s")

chirp = signal.chirp(t, f0=10, t1=4, f1=100, method="linear")
f, times, table = signal.spectrogram(chirp, fs=rate, nperseg=250, noverlap=0)
print("chirp, loudest of each half second:", f[table.argmax(axis=0)].round().astype(int).tolist())
envelope = np.abs(signal.hilbert((1 + 0.5 * np.cos(2 * np.pi * t)) * np.sin(2 * np.pi * 40 * t)))
print(f"envelope: {envelope.min():.2f} to {envelope.max():.2f}")

fewer = signal.resample_poly(noisy, 1, 4)
print("resampled:", fewer.shape, "decimated:", signal.decimate(noisy, 5).shape)
late = np.roll(clean, 37) + rng.normal(scale=0.2, size=t.size)
lags = signal.correlation_lags(t.size, t.size)
window = np.abs(lags) < 90
print("delay in samples:", int(lags[window][np.argmax(signal.correlate(late, clean)[window])]))
print("detrended mean:", bool(abs(signal.detrend(clean + 3 * t).mean()) < 1e-9))
zeros, poles, gain = signal.tf2zpk([1, 0.5], [1, -0.9, 0.2])
print("poles:", sorted(poles.real.round(3).tolist()), "stable:", bool((abs(poles) < 1).all()))
steps, answer = signal.step(signal.TransferFunction([1], [1, 0.8, 1]), T=np.linspace(0, 20, 201))
print(f"step response: overshoot {answer.max() - 1:.3f}, settles at {answer[-1]:.2f}")
