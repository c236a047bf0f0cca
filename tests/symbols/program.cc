// SPDX-License-Identifier: Apache-2.0
// Code of every shape that a symbolizer has to place: inlined chains, templates, lambdas, local classes,
// anonymous namespaces, constructors, virtual calls, exceptions, cold parts, static functions.
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

namespace shapes {
struct Shape {
	explicit Shape(std::string name) : name_(std::move(name)) {}
	virtual ~Shape() = default;
	virtual double area() const = 0;
	const std::string &name() const { return name_; }

private:
	std::string name_;
};

template <typename T>
struct Box : Shape {
	Box(T w, T h) : Shape("box"), w_(w), h_(h) {}
	double area() const override { return scaled(w_) * scaled(h_); }
	static double scaled(T v) { return static_cast<double>(v) * 1.5; }

	T w_, h_;
};

struct Circle final : Shape {
	explicit Circle(double r) : Shape("circle"), r_(r) {}
	double area() const override;
	double r_;
};

double Circle::area() const
{
	if (r_ < 0)
		throw std::domain_error("negative radius " + std::to_string(r_));
	return 3.14159 * r_ * r_;
}
} // namespace shapes

namespace {
using Histogram = std::map<std::string, std::vector<double>>;

inline __attribute__((always_inline)) int innermost(int x)
{
	return x * 7 + 3;
}

inline __attribute__((always_inline)) int middle(int x)
{
	return innermost(x) ^ innermost(x + 1);
}

inline __attribute__((always_inline)) int outer(int x)
{
	return middle(x) + middle(x * 2);
}

__attribute__((noinline)) int hash_all(const std::vector<int> &values)
{
	struct Mixer {
		int state = 17;
		__attribute__((noinline)) void mix(int v) { state = state * 31 + outer(v); }
	} mixer;
	for (int v : values)
		mixer.mix(v);
	return mixer.state;
}

__attribute__((noinline)) void fill(Histogram &h, const std::vector<std::unique_ptr<shapes::Shape>> &all)
{
	for (const auto &shape : all)
		h[shape->name()].push_back(shape->area());
	for (auto &entry : h)
		std::sort(entry.second.begin(), entry.second.end(), [](double a, double b) { return a > b; });
}
} // namespace

template <typename F>
__attribute__((noinline)) long sum_over(const std::unordered_map<int, std::string> &words, F f)
{
	long sum = 0;
	for (const auto &word : words)
		sum += f(word.second);
	return sum;
}

extern "C" __attribute__((noinline)) long c_entry(int n)
{
	std::unordered_map<int, std::string> words;
	for (int i = 0; i < n; i++)
		words.emplace(i, std::string(static_cast<size_t>(i % 50), 'x'));
	std::function<long(const std::string &)> length = [n](const std::string &s) {
		return static_cast<long>(s.size()) * n;
	};
	return sum_over(words, length) + sum_over(words, [](const std::string &s) { return s.empty() ? 1L : 2L; });
}

int main(int argc, char **)
{
	std::vector<std::unique_ptr<shapes::Shape>> all;
	std::vector<int> numbers(100);
	Histogram h;

	std::iota(numbers.begin(), numbers.end(), argc);
	for (int i = 0; i < 100; i++) {
		if (i % 3)
			all.push_back(std::make_unique<shapes::Box<int>>(i, argc));
		else if (i % 2)
			all.push_back(std::make_unique<shapes::Box<float>>(i * 0.5f, 2.0f));
		else
			all.push_back(std::make_unique<shapes::Circle>(i));
	}
	try {
		all.push_back(std::make_unique<shapes::Circle>(-argc));
		fill(h, all);
	} catch (const std::domain_error &e) {
		numbers.push_back(static_cast<int>(std::string(e.what()).size()));
	}
	return (hash_all(numbers) + static_cast<int>(c_entry(argc * 40))) & 1;
}
