#include "analysis/capacity/scaling_models.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>

namespace plimsoll {
namespace {

constexpr double kHuber = 1.345;  // 95 % as efficient as least squares where errors are normal
constexpr double kMadToDeviation = 1.4826;
constexpr double kSmall = 1e-12;
constexpr int kMostSteps = 200;

using Points = std::vector<ScalingPoint>;
using Curve = std::function<double(double)>;

/// The standard deviation of residuals by their median, which outliers do not move; `parameters`
/// were fitted.
double scale_of(const Points& points, const Curve& curve, double parameters) {
    std::vector<double> off;
    double largest = 0;
    for (const ScalingPoint& point : points) {
        off.push_back(std::abs(point.rate - curve(point.in_flight)));
        largest = std::max(largest, point.rate);
    }
    const auto middle = off.begin() + static_cast<std::ptrdiff_t>(off.size() / 2);
    std::nth_element(off.begin(), middle, off.end());
    const auto n = static_cast<double>(points.size());
    const double fewer = std::sqrt(n / std::max(1.0, n - parameters));
    return std::max(kMadToDeviation * *middle * fewer, 1e-9 * largest);
}

/// Twice Huber's loss: the square where a residual is usual, linear beyond.
double loss_of(double residual, double scale) {
    const double limit = kHuber * scale;
    const double size = std::abs(residual);
    return size <= limit ? size * size : limit * (2 * size - limit);
}

double loss_of(const Points& points, const Curve& curve, double scale) {
    double sum = 0;
    for (const ScalingPoint& point : points) {
        sum += loss_of(point.rate - curve(point.in_flight), scale);
    }
    return sum;
}

Curve curve_of(const UslParameters& p) {
    return [p](double n) { return usl_rate(p.gamma, p.sigma, p.kappa, n); };
}

Curve curve_of(const PlateauParameters& p) {
    return [p](double n) { return plateau_rate(p.alone_s, p.limit_rate, n); };
}

/// Non-negative least squares of N/X on 1, N-1 and N(N-1). With three columns the best of all sets
/// of columns whose own solution is not negative is the answer.
Eigen::Vector3d linear_start(const Points& points) {
    const auto n = static_cast<Eigen::Index>(points.size());
    Eigen::MatrixXd columns(n, 3);
    Eigen::VectorXd inverse(n);
    for (Eigen::Index i = 0; i < n; ++i) {
        const ScalingPoint& point = points[static_cast<std::size_t>(i)];
        const double more = point.in_flight - 1;
        columns.row(i) << 1, more, point.in_flight * more;
        inverse(i) = point.in_flight / point.rate;
    }
    Eigen::Vector3d best(inverse.mean(), 0, 0);
    double least = std::numeric_limits<double>::infinity();
    // The first column always: one request alone takes some time.
    for (const std::vector<Eigen::Index>& chosen :
         {std::vector<Eigen::Index>{0}, {0, 1}, {0, 2}, {0, 1, 2}}) {
        Eigen::MatrixXd part(n, static_cast<Eigen::Index>(chosen.size()));
        for (std::size_t c = 0; c < chosen.size(); ++c) {
            part.col(static_cast<Eigen::Index>(c)) = columns.col(chosen[c]);
        }
        const Eigen::VectorXd solved = part.colPivHouseholderQr().solve(inverse);
        const double off = (inverse - part * solved).squaredNorm();
        if (solved.minCoeff() >= 0 && solved(0) > 0 && off < least) {
            least = off;
            best.setZero();
            for (std::size_t c = 0; c < chosen.size(); ++c) {
                best(chosen[c]) = solved(static_cast<Eigen::Index>(c));
            }
        }
    }
    return best;
}

UslParameters to_usl(const Eigen::Vector3d& p) {
    return {p(0), p(1), p(2)};
}

/// Within what the law means: a rate above 0, a share, no gain from crowding.
Eigen::Vector3d bounded(const Eigen::Vector3d& p) {
    return {std::max(p(0), kSmall), std::clamp(p(1), 0.0, 1.0), std::max(p(2), 0.0)};
}

struct Normal {
    Eigen::Matrix3d matrix = Eigen::Matrix3d::Zero();
    Eigen::Vector3d gradient = Eigen::Vector3d::Zero();
};

/// The normal equations of Huber's loss, each point weighted by how usual its residual is.
Normal normal_equations(const Points& points, const Eigen::Vector3d& p, double scale) {
    Normal normal;
    for (const ScalingPoint& point : points) {
        const double n = point.in_flight;
        const double below = 1 + p(1) * (n - 1) + p(2) * n * (n - 1);
        const double value = p(0) * n / below;
        const double residual = point.rate - value;
        const double size = std::abs(residual);
        const double weight = size <= kHuber * scale ? 1 : kHuber * scale / size;
        const Eigen::Vector3d slope(n / below, -value * (n - 1) / below,
                                    -value * n * (n - 1) / below);
        normal.matrix += weight * slope * slope.transpose();
        normal.gradient += weight * residual * slope;
    }
    return normal;
}

/// Parameters that stand on their bound and would leave it stay there.
void hold_at_bounds(const Eigen::Vector3d& p, Normal& normal) {
    const std::array<bool, 3> held{
        false, (p(1) <= 0 && normal.gradient(1) < 0) || (p(1) >= 1 && normal.gradient(1) > 0),
        p(2) <= 0 && normal.gradient(2) < 0};
    for (Eigen::Index i = 0; i < 3; ++i) {
        if (held[static_cast<std::size_t>(i)]) {
            normal.matrix.row(i).setZero();
            normal.matrix.col(i).setZero();
            normal.matrix(i, i) = 1;
            normal.gradient(i) = 0;
        }
    }
}

Eigen::Vector3d levenberg_marquardt(const Points& points, Eigen::Vector3d p, double scale) {
    double damping = 1e-3;
    double loss = loss_of(points, curve_of(to_usl(p)), scale);
    for (int step = 0; step < kMostSteps; ++step) {
        Normal normal = normal_equations(points, p, scale);
        hold_at_bounds(p, normal);
        Eigen::Matrix3d damped = normal.matrix;
        damped.diagonal() += damping * normal.matrix.diagonal() +
                             Eigen::Vector3d::Constant(std::numeric_limits<double>::min());
        const Eigen::Vector3d next = bounded(p + damped.ldlt().solve(normal.gradient));
        const double reached =
            next.allFinite() ? loss_of(points, curve_of(to_usl(next)), scale) : loss + 1;
        if (reached < loss) {
            const bool done = loss - reached < 1e-14 * loss;
            p = next;
            loss = reached;
            damping = std::max(damping / 3, 1e-12);
            if (done) {
                break;
            }
        } else if ((damping *= 4) > 1e12) {
            break;
        }
    }
    return p;
}

double aicc(double loss, double n, double parameters) {
    const double k = parameters + 1;  // the scatter is one too
    return n * std::log(std::max(loss / n, std::numeric_limits<double>::min())) + 2 * k +
           2 * k * (k + 1) / std::max(n - k - 1, 0.5);
}

}  // namespace

UslParameters fit_usl(const Points& points) {
    const Eigen::Vector3d linear = linear_start(points);
    Eigen::Vector3d p = bounded({1 / linear(0), linear(1) / linear(0), linear(2) / linear(0)});
    // First as least squares, then with the scale that those leave.
    p = levenberg_marquardt(points, p, std::numeric_limits<double>::max());
    constexpr int kRescaled = 5;
    for (int i = 0; i < kRescaled; ++i) {
        p = levenberg_marquardt(points, p, scale_of(points, curve_of(to_usl(p)), 3));
    }
    return to_usl(p);
}

PlateauParameters fit_plateau(const Points& points) {
    Points sorted = points;
    std::sort(sorted.begin(), sorted.end(), [](const ScalingPoint& a, const ScalingPoint& b) {
        return a.in_flight < b.in_flight;
    });
    PlateauParameters best;
    double least = std::numeric_limits<double>::infinity();
    // Which points lie on the slope decides both parameters: try all.
    for (std::size_t split = 1; split < sorted.size(); ++split) {
        double product = 0;
        double squares = 0;
        double sum = 0;
        for (std::size_t i = 0; i < sorted.size(); ++i) {
            if (i < split) {
                product += sorted[i].in_flight * sorted[i].rate;
                squares += sorted[i].in_flight * sorted[i].in_flight;
            } else {
                sum += sorted[i].rate;
            }
        }
        const PlateauParameters p{squares / product,
                                  sum / static_cast<double>(sorted.size() - split)};
        double off = 0;
        for (const ScalingPoint& point : sorted) {
            const double residual =
                point.rate - plateau_rate(p.alone_s, p.limit_rate, point.in_flight);
            off += residual * residual;
        }
        if (off < least) {
            least = off;
            best = p;
        }
    }
    return best;
}

AiccPair compare_fits(const Points& points, const UslParameters& usl,
                      const PlateauParameters& plateau) {
    const double scale =
        std::max(scale_of(points, curve_of(usl), 3), scale_of(points, curve_of(plateau), 2));
    const auto n = static_cast<double>(points.size());
    return {aicc(loss_of(points, curve_of(usl), scale), n, 3),
            aicc(loss_of(points, curve_of(plateau), scale), n, 2)};
}

}  // namespace plimsoll
