// SPDX-License-Identifier: Apache-2.0
// C++ as it is written: exceptions through frames with destructors, containers, sorting,
// std::function.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <vector>

namespace
{

struct guard {
	std::string name;
	~guard()
	{
		name.append(64, 'g');
	}
};

__attribute__((noinline)) int thrower(int depth, const std::map<std::string, int> &known)
{
	guard here{ "depth " + std::to_string(depth) + " of the descent, a string on the heap" };

	if (depth > 0)
		return thrower(depth - 1, known) + static_cast<int>(here.name.size());
	auto found = known.find("key with a long name that is not there");
	if (found == known.end())
		throw std::runtime_error("no such key: " + here.name);
	return found->second;
}

__attribute__((noinline)) int descend(int depth, const std::map<std::string, int> &known)
{
	try {
		return thrower(depth, known);
	} catch (const std::runtime_error &error) {
		if (depth > 3)
			throw std::logic_error(std::string("deeper: ") + error.what());
		return static_cast<int>(std::string(error.what()).size());
	}
}

int round(int number)
{
	std::map<std::string, int> known;
	std::vector<std::unique_ptr<std::string>> words;
	std::function<int(int)> recurse = [&](int n) {
		known["a key that does not fit into the string " + std::to_string(n)] = n;
		return n ? recurse(n - 1) : descend(number % 7, known);
	};
	int sum = 0;

	for (int i = 0; i < 8; i++)
		words.push_back(
			std::make_unique<std::string>(40 + static_cast<size_t>(i * 7 % 5), 'w'));
	std::stable_sort(words.begin(), words.end(), [](const auto &a, const auto &b) {
		return (*a + "x").size() < (*b + "yy").size();
	});
	try {
		sum += recurse(4);
	} catch (const std::exception &error) {
		sum += static_cast<int>(std::string(error.what()).size());
	}
	return sum;
}

} // namespace

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? std::stoi(argv[1]) : 400, sum = 0;
	char word;

	(void)!write(1, "ready\n", 6);
	(void)!read(0, &word, 1);
	for (int i = 0; i < rounds; i++)
		sum += round(i);
	return sum == 0;
}
